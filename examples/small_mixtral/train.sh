#!/bin/sh
# Makes the checkpoint again: data, tokenizer, training, checkpoint, scores, model card. Python 3.11; on a CPU about two
# hours on two cores.
#   sh examples/small_mixtral/train.sh [WORK_FOLDER] [train.py options, such as --threads 4 or --device cpu]
# Interrupt it when you like: a second run with the same folder and options goes on from the last state, about two
# minutes old at most.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=${1:-$root/build/small_mixtral}
[ $# -gt 0 ] && shift
mkdir -p "$work"
python="$work/python/bin/python"
if [ ! -f "$work/python/complete" ]; then
  python3 -m venv "$work/python"
  "$work/python/bin/pip" install --quiet -r "$here/requirements.txt"
  touch "$work/python/complete"
fi
answers="$root/tests/golden/expected/small_mixtral_answers.jsonl"
"$python" "$root/examples/data/generate.py"
"$python" "$here/train_tokenizer.py" "$work/tokenizer"
"$python" "$here/train.py" "$work/tokenizer" "$work/state" "$@"
"$python" "$here/export.py" "$work/state" "$work/tokenizer" "$here/checkpoint" >"$work/export.json"
"$python" "$here/score.py" "$here/checkpoint" --json "$work/pytorch.json" --answers "$answers"
sh "$root/examples/run.sh" --help >/dev/null  # sets up what building needs
cmake --build "$root/build/release" --target evaluate
evaluate="$root/build/release/evaluate"
"$evaluate" --usage --json "$work/toolkit.json"
"$evaluate" "$here/checkpoint" "$root/examples/data/questions/held_out_cards.jsonl" \
  --quantization float32 --trace "$here/held_out_cards.trace"
"$python" "$here/write_card.py" "$work/pytorch.json" "$answers" "$work/toolkit.json" "$work/export.json" \
  "$here/checkpoint/README.md"

#!/bin/sh
# Trains the classifier and the personas that the repository ships, from the question generator alone; the same machine
# makes the same bits again. Needs the programs assistant and train. About twenty minutes on two cores.
#   sh examples/assistant/train.sh WORK [TO]     WORK: folder for data and runs; TO (default: here): what is made
set -eu
here=$(cd "$(dirname "$0")" && pwd)
programs=${PROGRAMS:-$here/../../build/release}
work=$1
to=${2:-$here}
base=$here/../small_mixtral/checkpoint
mkdir -p "$work" "$to/personas"
[ -e "$to/personas/personas.json" ] || cp "$here/personas/personas.json" "$to/personas"
python3 "$here/write_queries.py" "$work/queries.jsonl"
python3 "$here/write_queries.py" "$work/tune.jsonl" --count 1000 --seed 2
"$programs/assistant" fit "$work/queries.jsonl" --tune "$work/tune.jsonl" --to "$to/classifier"

# persona KIND RANK PAIRS STEPS RATE
persona() {
  python3 "$here/write_pairs.py" "$1" "$work/$1.jsonl" --count "$3"
  python3 "$here/write_pairs.py" "$1" "$work/$1.held_out.jsonl" --count 200 --seed 9 --pool held_out
  "$programs/train" "$base" "$work/$1.jsonl" --run "$work/$1" --adapters --ranks "$2,0" --rate "$5" --steps "$4" \
    --balance 0 --quiet
  rm -rf "$to/personas/$1"
  cp -r "$work/$1/adapter" "$to/personas/$1"
}
persona REASON 16 10000 1800 2e-3
persona EXPLAIN 16 2000 500 4e-3
persona PREDICT 16 2000 500 4e-3
persona TEACH 8 2000 500 4e-3
persona RETROSPECT 8 2000 500 4e-3
"$programs/assistant" arms --folder "$to" "$work"/*.held_out.jsonl

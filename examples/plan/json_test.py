"""The JSON of asterism-plan is that of tests/golden/plan, and its parts add up.

Usage: json_test.py PROGRAM FOLDER_TO_WRITE_IN GOLDEN_FOLDER
       json_test.py --write PROGRAM FOLDER_TO_WRITE_IN GOLDEN_FOLDER    writes the golden files anew
"""
import json
import pathlib
import subprocess
import sys

write = "--write" in sys.argv
program, folder, golden = [argument for argument in sys.argv[1:] if argument != "--write"]
CASES = {
    "two_cards": ["mixtral_8x7b", "--machine", "16GiB@288GB/s,16GiB@288GB/s,host:64GiB@60GB/s", "--link", "12GB/s+20us"],
    "host_and_disk": ["qwen3_30b_a3b", "--machine", "host:20GiB@40GB/s@200GOP/s@100GFLOP/s,disk:100GB@1GB/s",
                      "--variants", "nf4,int8"],
}
for name, arguments in CASES.items():
    path = pathlib.Path(folder) / f"plan_{name}.json"
    result = subprocess.run([program, *arguments, "--json", str(path)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    found = json.loads(path.read_text())
    assert found.pop("version")
    for variant in found["variants"]:
        for device in variant["devices"]:
            assert sum(device["bytes"].values()) == device["peak_bytes"], (variant["name"], device)
            assert device["missing_bytes"] == max(0, device["peak_bytes"] - device["budget_bytes"])
        lacks = any(device["missing_bytes"] for device in variant["devices"])
        assert not (variant["fits"] and lacks), variant["name"]
        for speed in ("prefill_tokens_per_second", "decode_tokens_per_second"):
            if variant[speed] and variant[speed]["least"]:
                assert 0 < variant[speed]["least"] <= variant[speed]["most"], variant
    expected_path = pathlib.Path(golden) / f"{name}.json"
    if write:
        expected_path.write_text(json.dumps(found, indent=1) + "\n")
    expected = json.loads(expected_path.read_text())

    def differences(a, b, where=name):
        if isinstance(a, dict) and isinstance(b, dict):
            for key in sorted(a.keys() | b.keys()):
                yield from differences(a.get(key), b.get(key), f"{where}.{key}")
        elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            for i, (x, y) in enumerate(zip(a, b)):
                yield from differences(x, y, f"{where}[{i}]")
        elif isinstance(a, float) and isinstance(b, float):
            if abs(a - b) > 1e-9 * abs(b):
                yield f"{where}: {a}, expected {b}"
        elif a != b:
            yield f"{where}: {a}, expected {b}"

    wrong = list(differences(found, expected))
    assert not wrong, "\n".join(wrong)

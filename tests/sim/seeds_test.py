"""Goal: what a seed found once is not found again. Method: plays each line of seeds.txt."""
import os
import pathlib
import subprocess
import sys

SIM = pathlib.Path(os.environ["PARKGATE_BUILD_DIR"], "tests", "sim", "sim")
lines = [line.split("#")[0].split() for line in pathlib.Path(__file__).with_name("seeds.txt").read_text(encoding="utf-8").splitlines()]
failed = 0
for line in filter(None, lines):
    done = subprocess.run([str(SIM), *line], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(done.stdout[-2000:], flush=True)
    failed += done.returncode != 0
print(f"{len([line for line in lines if line])} seeds, {failed} failed")
sys.exit(1 if failed or not any(lines) else 0)

#!/usr/bin/env bash
# Runs a second with the lexical model, one after another, through planner, event log and store; beside it the limit: the same
# agents on the same questions without planner and log.
# usage: bench/runs_bench.sh PROGRAM QUESTION_SET [LIMIT]     (a release build; the set as for "lyceum eval deep-search")
set -euo pipefail
program="${1:?usage: bench/runs_bench.sh PROGRAM QUESTION_SET [LIMIT]}"
questions="${2:?usage: bench/runs_bench.sh PROGRAM QUESTION_SET [LIMIT]}"
limit="${3:-200}"

# mean_ms [flag]...: milliseconds a question.
mean_ms() {
  "$program" eval deep-search --data "$questions" --limit "$limit" --json "$@" | sed -n 's/.*"mean":\([0-9.]*\).*/\1/p'
}

planned="$(mean_ms)"
direct="$(mean_ms --direct)"
awk -v planned="$planned" -v direct="$direct" 'BEGIN {
  printf "%-34s %10s %10s\n", "", "ms a run", "runs/s"
  printf "%-34s %10.1f %10.1f\n", "planner, log and store", planned, 1000 / planned
  printf "%-34s %10.1f %10.1f\n", "agents alone (the limit)", direct, 1000 / direct
  printf "%-34s %10.2f\n", "ratio", planned / direct
}'

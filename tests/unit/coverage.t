#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
cd "$(dirname "$0")" || exit 1
echo 1..1
out=$(make -s coverage 2>&1) || printf 'not '
echo "ok 1 - 95 % of the branches of the engine are taken"
echo "$out" | sed 's/^/# /'

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
cd "$(dirname "$0")" && make -s build/verdict_test >&2 || exit 1
CMOCKA_MESSAGE_OUTPUT=TAP exec build/verdict_test

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
cd "$(dirname "$0")" && make -s build/doubts_test >&2 || exit 1
CMOCKA_MESSAGE_OUTPUT=TAP exec build/doubts_test

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
cd "$(dirname "$0")/../unit" && make -s build/explore >&2 || exit 1
exec build/explore -s -t

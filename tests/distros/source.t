#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What differs between kernels is in compat.h, and each of its #if names the
# commit that made the difference.
# shellcheck disable=SC2154
. "$(dirname "$0")/../lib.sh"

elsewhere() {
	grep -rnE 'LINUX_VERSION_CODE|KERNEL_VERSION\(' "$top/src" "$top/include" \
		--include='*.[ch]' | grep -v '/compat\.h:'
}

# Versions for which no comment names both a commit and the version
unexplained() {
	grep -oE 'KERNEL_VERSION\([0-9]+, [0-9]+, 0\)' "$top/src/compat.h" | sort -u |
	sed -E 's/.*\(([0-9]+), ([0-9]+), 0\)/\1.\2/' |
	while read -r version; do
		tr '\n' ' ' <"$top/src/compat.h" |
			grep -qE "[0-9a-f]{12}.{0,200}v${version/./\\.}[^0-9]" || echo "$version"
	done
}

ok "no kernel version outside compat.h" test -z "$(elsewhere)" || diag "$(elsewhere)"
ok "compat.h names a commit for every version" test -z "$(unexplained)" ||
	diag "unexplained: $(unexplained)"
done_testing

# SPDX-License-Identifier: GPL-2.0
# bash completion of uffd-race(8)
# shellcheck shell=bash

_uffd_race() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local commands="check status verdict counters probes ioctls watches transitions
		reports waiters watch record"
	local options="--json --ktap --junit --prometheus --path --writer --stall --no-stall
		--seconds --module --stressor --interval --count --dir --verbose --help --version"

	COMPREPLY=()
	case $before in
	--junit|--module|--stressor)	mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
	--dir)				mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
	--path|--writer|--seconds|--interval|--count)	return ;;
	esac
	case $word in
	-*)	mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word") ;;
	*)	((COMP_CWORD > 1)) ||
			mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word") ;;
	esac
}
complete -F _uffd_race uffd-race

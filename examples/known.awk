# SPDX-License-Identifier: GPL-2.0
# Cells (tests/distros/cells.awk) against what is known of them, to lines and a
# status. usage: awk -v failed=STATUS -f known.awk [KNOWN] CELLS
# 6.1 stands for 6.1.0-56-amd64, not for 6.12.
function is_of(kernel, base,    rest) {
	if (base == "*")
		return 1
	rest = substr(kernel, length(base) + 1)
	return index(kernel, base) == 1 && (rest == "" || rest ~ /^[-+.]/)
}

# Which line says something of that cell, the last one if several do; 0: none
function of(kernel, path,    i) {
	for (i = n; i > 0; i--)
		if (known_path[i] == path && is_of(kernel, known_kernel[i]))
			return i
	return 0
}

function tell(says, what) {
	print says " " cell[1] " " cell[2] ": " cell[3] (what == "" ? "" : " (" what ")")
}

ARGC > 2 && FILENAME == ARGV[1] {
	sub(/#.*/, "")
	if (NF == 0)
		next
	if (NF != 2 && NF != 3) {
		print "check-kernel: " FILENAME ":" FNR ": want KERNEL PATH [VERDICT]" >"/dev/stderr"
		usage = 1
		exit
	}
	n++
	known_kernel[n] = $1
	known_path[n] = $2
	known_word[n] = NF == 3 ? $3 : "VULNERABLE"
	next
}

# Of cells, a reason may have blanks.
{ split($0, cell, "\t") }
cell[2] == "-" { gone = 1; print "not measured " cell[1] ": " cell[3]; next }
cell[3] == "SKIP" { next }
{
	measured = 1
	word = cell[3]
	line = of(cell[1], cell[2])
	if (line && known_word[line] == word)
		tell("XFAIL", "known")
	else if (word == "VULNERABLE") {
		tell("FAIL", line ? "known as " known_word[line] : n ? "new" : "")
		bad = 1
	} else if (word == "PROTECTED")
		tell("ok", line ? known_word[line] " has vanished: take it out of the list" : "")
	else if (line && known_word[line] == "VULNERABLE")
		tell("ok", "VULNERABLE was not seen this time")
	else {
		tell("unknown", "")
		doubt = 1
	}
}

END {
	if (usage)
		exit 2
	exit bad ? 1 : gone || failed || !measured ? 4 : doubt ? 3 : 0
}

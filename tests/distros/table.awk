# SPDX-License-Identifier: GPL-2.0
# Cells (cells.awk) and kernels without any ("KERNEL<tab>-<tab>REASON") to a table
# in Markdown. usage: awk -v about=TEXT -f table.awk
function cell(verdict, exposures, bogus, first, writer, reason,    s) {
	if (verdict == "SKIP")
		return "– " reason
	s = (verdict == "VULNERABLE") ? "**VULNERABLE**" : verdict
	if (verdict == "INCONCLUSIVE" || verdict == "BLIND")
		return s
	if (bogus)
		s = s "<br>" bogus " bogus"
	s = s "<br>" exposures " exposures"
	if (first != "")
		s = s "<br>first at " first " ms, " writer
	return s
}

BEGIN { FS = "\t" }
!($1 in row) { row[$1] = 1; kernels[++nk] = $1 }
$2 == "-" { missing[$1] = $3; next }
!($2 in col) { col[$2] = 1; paths[++np] = $2 }
{ text[$1, $2] = cell($3, $4, $5, $8, $9, $10) }

END {
	print "# Verdicts by kernel and path\n"
	print about "\n"
	printf "| kernel |"
	for (p = 1; p <= np; p++)
		printf " %s |", paths[p]
	printf "\n|---|"
	for (p = 1; p <= np; p++)
		printf "---|"
	print ""
	for (k = 1; k <= nk; k++) {
		if (kernels[k] in missing)
			continue
		printf "| %s |", kernels[k]
		for (p = 1; p <= np; p++)
			printf " %s |", ((kernels[k], paths[p]) in text) ? \
				text[kernels[k], paths[p]] : "not measured"
		print ""
	}
	for (k = 1; k <= nk; k++)
		if (kernels[k] in missing)
			print (sep++ ? "" : "\nNot measured:\n\n") "- " \
				kernels[k] ": " missing[kernels[k]]
}

# SPDX-License-Identifier: GPL-2.0
# Which kernels of an older table (table.awk) have results that a newer one has
# not, or fewer. The newer version of a kernel stands for the older one.
# usage: awk -f lost.awk OLD NEW
function series(kernel) {
	flavour = match(kernel, /-(cloud-|rt-)?amd64$/) ? substr(kernel, RSTART) : ""
	deb = match(kernel, /\+deb[0-9]+/) ? substr(kernel, RSTART, RLENGTH) : ""
	return match(kernel, /^[0-9]+\.[0-9]+/) ? substr(kernel, 1, RLENGTH) deb flavour : kernel
}

BEGIN { FS = " [|] " }
!/^[|] / || /^[|] kernel / { next }
{
	kernel = substr($1, 3)
	results = NF - 1 - gsub(/not measured/, "&")
}
FNR == NR { old[kernel] = results; next }
results > new[series(kernel)] { new[series(kernel)] = results }

END {
	for (kernel in old)
		if (old[kernel] > new[series(kernel)] + 0)
			print kernel
}

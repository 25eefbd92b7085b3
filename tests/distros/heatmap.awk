# SPDX-License-Identifier: GPL-2.0
# Cells (cells.awk) to an SVG. usage: awk -v about=TEXT -f heatmap.awk
function escape(s) {
	gsub(/&/, "\\&amp;", s)
	gsub(/</, "\\&lt;", s)
	gsub(/>/, "\\&gt;", s)
	return s
}

function text(x, y, size, colour, anchor, s) {
	printf "<text x=\"%d\" y=\"%d\" font-size=\"%d\" fill=\"%s\" text-anchor=\"%s\">%s</text>\n", \
		x, y, size, colour, anchor, escape(s)
}

function box(x, y, colour) {
	printf "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\" fill=\"%s\"/>\n", \
		x, y, W - 4, H - 4, colour
}

BEGIN {
	FS = "\t"
	W = 132; H = 42; left = 230; top = 74
	fill["VULNERABLE"] = "#b42318"; ink["VULNERABLE"] = "#ffffff"
	fill["PROTECTED"] = "#1a7f4b"; ink["PROTECTED"] = "#ffffff"
	fill["INCONCLUSIVE"] = "#d5d9de"; ink["INCONCLUSIVE"] = "#333333"
	fill["BLIND"] = "#d5d9de"; ink["BLIND"] = "#333333"
	fill["SKIP"] = "#f3f4f6"; ink["SKIP"] = "#777777"
	fill[""] = "#ffffff"; ink[""] = "#777777"
}
$2 == "-" { next }
!($1 in row) { row[$1] = 1; kernels[++nk] = $1 }
!($2 in col) { col[$2] = 1; paths[++np] = $2 }
{
	verdict[$1, $2] = $3
	note[$1, $2] = ($3 == "VULNERABLE") ? $5 " bogus" ($8 == "" ? "" : ", " $8 " ms") : \
		($3 == "PROTECTED") ? $4 " exposures" : ""
}

END {
	width = left + np * W + 10
	height = top + nk * H + 54
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" " \
		"viewBox=\"0 0 %d %d\" font-family=\"sans-serif\">\n", width, height, width, height
	printf "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n", width, height
	text(10, 26, 17, "#111111", "start", "uffd_race: verdicts by kernel and path")
	for (p = 1; p <= np; p++) {
		split(paths[p], w, "-")
		rest = substr(paths[p], length(w[1]) + 2)
		text(left + p * W - W / 2 - 2, 48, 13, "#111111", "middle", w[1])
		text(left + p * W - W / 2 - 2, 65, 12, "#444444", "middle", rest)
	}
	for (k = 1; k <= nk; k++) {
		y = top + (k - 1) * H
		text(left - 12, y + H / 2 + 3, 13, "#111111", "end", kernels[k])
		for (p = 1; p <= np; p++) {
			v = verdict[kernels[k], paths[p]]
			x = left + (p - 1) * W
			box(x, y, fill[v])
			note1 = note[kernels[k], paths[p]]
			text(x + W / 2 - 2, y + (note1 == "" ? 23 : 17), 12, ink[v],
				"middle", v == "" ? "not measured" : v == "SKIP" ? "not there" : v)
			if (note1 != "")
				text(x + W / 2 - 2, y + 31, 11, ink[v], "middle", note1)
		}
	}
	text(10, height - 30, 12, "#444444", "start", "Red: so many wrong events were seen, " \
		"the first after so long. Green: none, though so many faults met the window. " \
		"Grey: no fault met it.")
	text(10, height - 12, 12, "#444444", "start", about)
	print "</svg>"
}

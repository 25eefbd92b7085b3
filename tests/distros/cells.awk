# SPDX-License-Identifier: GPL-2.0
# The output of a sweep to cells, one a path, separated by tabs:
# KERNEL PATH VERDICT EXPOSURES BOGUS UNDECIDED WRONG FIRST_MS WRITER REASON
# The writers of a path count together. WRONG and FIRST_MS are user space's own;
# FIRST_MS and WRITER are of the first run in which it received a wrong event.
# What a run did not finish is not in it. usage: awk -v kernel=KV -f cells.awk
function forget() {
	word = ""; exposures = bogus = undecided = wrong = 0; first = ""
}

function keep() {
	if (path == "" || word == "")
		return
	sum["exposures", path] += exposures
	sum["bogus", path] += bogus
	sum["undecided", path] += undecided
	sum["wrong", path] += wrong
	if (rank[word] > rank[verdict[path]])
		verdict[path] = word
	if (first != "" && !(path in firsts)) {
		firsts[path] = first
		convicting[path] = writer
	}
}

BEGIN {
	rank["SKIP"] = 1; rank["INCONCLUSIVE"] = 2; rank["PROTECTED"] = 3
	rank["BLIND"] = 4; rank["VULNERABLE"] = 5
	forget()
}

$1 == "===" {
	keep()
	forget()
	path = $2
	writer = $3
	if (!(path in seen)) {
		seen[path] = 1
		order[++n] = path
	}
	if ($6 == "SKIP") {
		if (!(path in verdict)) {
			verdict[path] = "SKIP"
			reason[path] = $0
			sub(/.* SKIP */, "", reason[path])
		}
		path = ""
	}
	next
}

$1 == "#" && $2 == "wrong_events"	{ wrong = $3 }
$1 == "#" && $2 == "first_wrong_ms"	{ first = $3 }

# Only the lines of the path's own backing: nobody else used a userfaultfd
/^(hugetlb|shmem|anon)\.(missing|minor) [A-Z]+ / {
	split($1, name, ".")
	if (index(path, name[1]) != 1)
		next
	if (rank[$2] > rank[word])
		word = $2
	for (i = 3; i <= NF; i++) {
		split($i, pair, "=")
		if (pair[1] == "exposures") exposures += pair[2]
		if (pair[1] == "bogus") bogus += pair[2]
		if (pair[1] == "undecided") undecided += pair[2]
	}
}

END {
	keep()
	OFS = "\t"
	for (i = 1; i <= n; i++) {
		path = order[i]
		if (!(path in verdict))
			continue
		if (verdict[path] != "SKIP")
			reason[path] = ""
		print kernel, path, verdict[path], sum["exposures", path] + 0,
			sum["bogus", path] + 0, sum["undecided", path] + 0,
			sum["wrong", path] + 0, firsts[path], convicting[path],
			reason[path]
	}
}

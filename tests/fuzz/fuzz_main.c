// SPDX-License-Identifier: GPL-2.0
/*
 * Replays a corpus without libFuzzer: one input a line, in hexadecimal. So it
 * needs no clang, and is quick enough for every run of the tests.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
	static char line[1 << 16];
	unsigned int n = 0, byte;
	int i;

	for (i = 1; i < argc; i++) {
		FILE *in = fopen(argv[i], "r");

		if (!in) {
			perror(argv[i]);
			return 2;
		}
		while (fgets(line, sizeof(line), in)) {
			size_t size = 0;
			uint8_t *data;

			data = malloc(sizeof(line) / 2);
			while (sscanf(line + 2 * size, "%2x", &byte) == 1)
				data[size++] = byte;
			data = realloc(data, size ? size : 1);
			LLVMFuzzerTestOneInput(data, size);
			free(data);
			n++;
		}
		fclose(in);
	}
	printf("%u inputs\n", n);
	return !n;
}

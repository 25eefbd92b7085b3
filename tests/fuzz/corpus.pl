#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# usage: corpus.pl pack DIR > FILE   a directory of inputs as lines of hexadecimal
#        corpus.pl unpack DIR < FILE
use strict;
use warnings;

my ($what, $dir) = @ARGV;
if ($what eq 'pack') {
	my %seen;
	for my $name (glob "$dir/*") {
		local $/;
		open my $in, '<:raw', $name or die "$name: $!\n";
		$seen{unpack 'H*', <$in> // ''} = 1;
	}
	print "$_\n" for sort { length $a <=> length $b || $a cmp $b } keys %seen;
} else {
	my $nr = 0;
	while (my $line = <STDIN>) {
		chomp $line;
		open my $out, '>:raw', sprintf("%s/%05d", $dir, $nr++) or die "$dir: $!\n";
		print $out pack('H*', $line);
	}
}

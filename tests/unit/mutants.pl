#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
#
# Changes the engine by one token at a time, and asks whether anybody notices:
# the unit tests, else the small bound of the model, else all of it. What nobody
# notices has to be listed in mutants.equivalent, with the reason.
#
# usage: mutants.pl [-l] [-u] [-m] [-f] [-j JOBS] [REGEX]
#   -l  only list them
#   -u  only the unit tests
#   -m  only the model
#   -f  try the full bound on what survives the small one

use strict;
use warnings;
use Getopt::Std;
use File::Temp qw(tempdir);

$| = 1;
my %opt;
getopts('lfumj:', \%opt) or die "see the head of this file\n";
my $jobs = $opt{j} || 2;
my $only = shift;
my $src = '../../src';
my @files = qw(case.c case_ctx.c case_event.c case_op.c case_table.c case_window.c);
my @tests = qw(case_test evidence_test window_test edge_test table_test paths_test
	uffds_test read_test);
my @model = qw(explore.c world.c life.c faults.c resolve.c judge.c tell.c canon.c
	canon_event.c scenarios.c);
my $cc = $ENV{CC} || 'cc';
my $flags = '-O1 -fPIC -std=gnu11 -w';
my $san = '-fsanitize=undefined -fno-sanitize-recover=all';

# Functions of case_table.c that decide something; the rest is plumbing.
my %judging = map { $_ => 1 } qw(adopt_orphans page_put case_next_todo case_reset
	page_find page_walk page_walk_next);

my %source;	# of the engine, as it was at the start

my @swaps = (
	['<=', '<'], ['>=', '>'], ['==', '!='], ['!=', '=='], ['&&', '||'],
	['||', '&&'], [' < ', ' <= '], [' > ', ' >= '], [' < ', ' > '],
	['true', 'false'], ['false', 'true'], ['++', '--'], [' += ', ' = '],
	['CASE_GENUINE', 'CASE_STALE'], ['CASE_STALE', 'CASE_BOGUS'],
	['CASE_BOGUS', 'CASE_GENUINE'], ['CASE_UNDECIDED', 'CASE_BOGUS'],
	['CASE_OPEN', 'CASE_SEEN'], ['CASE_SEEN', 'CASE_OPEN'],
	['CASE_MAPPED', 'CASE_OPEN'], ['CASE_EXPOSED', 'CASE_SEEN'],
	['CASE_OP_INSTALL', 'CASE_OP_ZAP'], ['CASE_OP_ZAP', 'CASE_OP_HOLE'],
	['CASE_OP_HOLE', 'CASE_OP_INSTALL'],
	['CASE_F_WRITE', 'CASE_F_PRIVATE'], ['CASE_F_PRIVATE', 'CASE_F_WRITE'],
	['CASE_F_ANON_PROVES', 'CASE_F_PRIVATE'],
	['CASE_F_NEVER_INSTALLS', 'CASE_F_ZAPS_KNOWN'],
	['CASE_F_ZAPS_KNOWN', 'CASE_F_PRIVATE'],
	['CASE_F_SHARED_TABLE', 'CASE_F_NEVER_INSTALLS'],
	['CASE_LOOK_NONE', 'CASE_LOOK_MAPPED'], ['CASE_LOOK_ANON', 'CASE_LOOK_MAPPED'],
	['CASE_LOOK_UNKNOWN', 'CASE_LOOK_MAPPED'], ['CASE_DONE', 'CASE_NOTHING'],
	['CASE_UNSURE', 'CASE_DONE'], ['CASE_EXISTS', 'CASE_NOTHING'],
	['e->clock)', '0)'], ['(!', '('], ['->begin', '->begin + 1'],
	['->mark', '->opened'], ['->installed', '->unsure'], ['->hole', '->zapped'],
	['stamp', 'stamp + 1'], ['- 1', ''],
);

sub slurp {
	my $name = shift;
	local $/;
	open my $fh, '<', $name or die "$name: $!\n";
	return scalar <$fh>;
}

# [file, function, line number, old line, new line]
sub mutants {
	my (@found, %same);

	for my $file (@files) {
		my ($function, $body, $comment) = ('', 0, 0);
		my @lines = split /\n/, slurp("$src/$file"), -1;

		for my $nr (0 .. $#lines) {
			my $line = $lines[$nr];
			my %seen;

			$function = $1 if $line =~ /^\w[\w *]*?(\w+)\(/;
			$body = 1 if $line eq '{';
			$body = 0 if $line eq '}';
			$comment = 1 if $line =~ m{^\s*/\*} && $line !~ m{\*/};
			if ($comment) {
				$comment = 0 if $line =~ m{\*/};
				next;
			}
			next if !$body || $line =~ m{^\s*(/\*.*\*/)?$};
			next if $file eq 'case_table.c' && !$judging{$function};
			(my $code = $line) =~ s{/\*.*?\*/}{};

			my $try = sub {
				my $new = shift;
				return if $new eq $line || $seen{$new}++;
				push @found, [$file, $function, $nr, $line, $new,
					      $same{"$function$line$new"}++ // 0];
			};
			for (@swaps) {
				my ($from, $to) = @$_;
				my $at = -1;
				while (($at = index($code, $from, $at + 1)) >= 0) {
					next if substr($code, $at - 1, 1) =~ /[<>=!]/ && $from =~ /^[<>=]/;
					next if $from =~ /^\w/ && substr($code, $at - 1, 1) =~ /\w/;
					next if $from =~ /\w$/ && substr($code, $at + length $from, 1) =~ /\w/;
					my $new = $line;
					substr($new, $at, length $from) = $to;
					$try->($new);
				}
			}
			$try->("$1if (!($2))$3") if $code =~ /^(\s*)if \((.*)\)(\s*\{?)\s*$/;
			# A statement of one line is dropped.
			$try->('	;') if $code =~ /^\s+[^(=]*[(=+].*;\s*$|^\s+(return|goto).*;/ &&
				$code !~ /^\s*(for|struct|enum|const|int|bool|unsigned|case_time)\b/ &&
				$lines[$nr - 1] !~ /[,(&|=]\s*$/ &&
				!($code =~ /return .+;/ && $lines[$nr + 1] eq '}');
		}
	}
	return @found;
}

sub name_of {
	my $m = shift;
	my ($old, $new) = @$m[3, 4];
	my $nth = $m->[5] ? " #" . ($m->[5] + 1) : '';
	s/^\s+|\s+$//g, s/\s+/ /g for $old, $new;
	return "$m->[1]$nth: $old => " . ($new eq ';' ? 'dropped' : $new);
}

sub run {
	my ($command, $log) = @_;
	return system("exec timeout 900 $command > $log 2>&1") == 0;
}

# How a mutant ends: build, unit, small, full, or survives
sub try_mutant {
	my ($m, $dir) = @_;
	my ($file, undef, $nr, undef, $new) = @$m;

	my @lines = split /\n/, $source{$file}, -1;
	$lines[$nr] = $new;
	open my $out, '>', "$dir/$file" or die $!;
	print $out join("\n", @lines);
	close $out;
	my $engine = join ' ', map { $_ eq $file ? "$dir/$_" : "build/m.src/$_" } @files;
	my $objs = join ' ', map { ($_ eq $file ? "$dir/" : 'build/m.src/') . s/c$/o/r } @files;
	return 'build' if !run("$cc $flags $san -Ibuild/m.src -c -o $dir/" . $file =~ s/c$/o/r .
			       " $dir/$file", "$dir/log");
	run("$cc $san -shared -o $dir/libengine.so $objs", "$dir/log") or die slurp("$dir/log");
	for my $test ($opt{m} ? () : @tests) {
		return 'unit' if !run("env LD_LIBRARY_PATH=$dir timeout 10 build/m.$test", "$dir/log");
	}
	return 'survives' if $opt{u};
	run("$cc -O2 -std=gnu11 -w -Ibuild/m.src -DCASE_MAX_LOOKS=3 -o $dir/explore build/m.model/*.o $engine -Wl,--wrap=page_close",
	    "$dir/log") or die slurp("$dir/log");
	return 'small' if !run("$dir/explore -s -e -j1", "$dir/log");
	return 'survives' if !$opt{f};
	return run("$dir/explore -e -j1", "$dir/log") ? 'survives' : 'full';
}

sub equivalents {
	my %why;
	my $name;

	for (split /\n/, slurp('mutants.equivalent')) {
		next if /^#/ || /^\s*$/;
		if (/^\s+(.*)/) {
			$why{$name} .= ($why{$name} ? ' ' : '') . $1;
		} else {
			$name = $_;
			$why{$name} = '';
		}
	}
	return \%why;
}

my @mutants = mutants();
@mutants = grep { name_of($_) =~ /$only/ } @mutants if defined $only;
if ($opt{l}) {
	print name_of($_), "\n" for @mutants;
	exit;
}

system("mkdir -p build/m.model build/m.src && cp $src/case.h $src/case_table.h build/m.src") == 0 or exit 2;
# A copy: somebody may be at work on the engine meanwhile.
for (@files) {
	$source{$_} = slurp("$src/$_");
	system("cp $src/$_ build/m.src/ && cd build/m.src && $cc $flags $san -c $_") == 0 or exit 2;
}
system("cd build/m.src && $cc $san -shared -o libengine.so " .
       join(' ', map { s/c$/o/r } @files)) == 0 or exit 2;
for (@tests) {
	system("$cc $flags -o build/m.$_ $_.c -Lbuild/m.src -lengine -lcmocka") == 0 or exit 2;
}
for (@model) {
	system("$cc -O2 -std=gnu11 -w -DCASE_MAX_LOOKS=3 -c -o build/m.model/" . s/c$/o/r . " $_") == 0 or exit 2;
}

my $why = equivalents();
my $dir = tempdir(CLEANUP => 1);
mkdir "$dir/0";
# The engine as it is has to pass, else nothing would follow from the rest.
my $itself = try_mutant([$files[0], '', 0, '', (split /\n/, $source{$files[0]})[0]], "$dir/0");
die "the engine itself does not survive: $itself\n" if $itself ne 'survives';
my $parent = $$;
my @pipes;
for my $job (0 .. $jobs - 1) {
	my $pid = open my $fh, '-|';
	die $! if !defined $pid;
	if (!$pid) {
		$| = 1;
		mkdir "$dir/$job";
		for (my $i = $job; $i < @mutants; $i += $jobs) {
			print "$i ", try_mutant($mutants[$i], "$dir/$job"), "\n";
		}
		require POSIX;
		POSIX::_exit(0);
	}
	push @pipes, $fh;
}

my (%count, @open, %used);
for my $fh (@pipes) {
	while (<$fh>) {
		my ($i, $how) = split;
		my $name = name_of($mutants[$i]);

		if ($how eq 'survives' && exists $why->{$name}) {
			$how = 'equivalent';
			$used{$name} = 1;
		}
		$count{$how}++;
		push @open, $name if $how eq 'survives';
		printf "%-10s %s\n", $how, $name;
	}
}
my $killed = ($count{unit} || 0) + ($count{small} || 0) + ($count{full} || 0);
printf "%d mutants: %d killed (%d by unit tests, %d by the model), %d equivalent, %d do not build, %d SURVIVE\n",
	scalar @mutants, $killed, $count{unit} || 0, ($count{small} || 0) + ($count{full} || 0),
	$count{equivalent} || 0, $count{build} || 0, scalar @open;
if (!defined $only) {
	for (sort keys %$why) {
		print "listed as equivalent, but killed or gone: $_\n" if !$used{$_};
	}
}
exit(@open ? 1 : 0);

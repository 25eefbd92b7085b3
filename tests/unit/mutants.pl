#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
#
# Changes the engine by one token at a time, and asks whether anybody notices:
# the unit tests, else the small bound of the model, else all of it. What nobody
# notices has to be listed in mutants.equivalent, with the reason.
#
# usage: mutants.pl [-l] [-k] [-u] [-m] [-f] [-j JOBS] [REGEX]
#   -l  only list them
#   -k  only key mutants.equivalent anew: lines that have moved to another function
#       are found again, what is gone is named
#   -u  only the unit tests
#   -m  only the model
#   -f  try the full bound on what survives the small one

use strict;
use warnings;
use Getopt::Std;
use File::Temp qw(tempdir);

$| = 1;
my %opt;
getopts('lkfumj:', \%opt) or die "see the head of this file\n";
my $jobs = $opt{j} || 2;
my $only = shift;
my $src = '../../src/verdict';
my @files = split ' ', slurp("$src/files");
my @tests = map { "${_}_test" } split ' ', slurp('tests');
my @model = map { "../model/$_" } 'explore.c', split ' ', slurp('../model/files');
my $cc = $ENV{CC} || 'cc';
my $flags = '-O1 -fPIC -std=gnu11 -w';
my $san = '-fsanitize=undefined -fno-sanitize-recover=all';

# Functions of table.c that decide something; the rest is plumbing.
my %judging = map { $_ => 1 } qw(adopt_orphans page_needed verdict_page_put verdict_next_todo
	verdict_page_find verdict_page_walk verdict_page_walk_next);

my %source;	# of the engine, as it was at the start

my @swaps = (
	['<=', '<'], ['>=', '>'], ['==', '!='], ['!=', '=='], ['&&', '||'],
	['||', '&&'], [' < ', ' <= '], [' > ', ' >= '], [' < ', ' > '],
	['true', 'false'], ['false', 'true'], ['++', '--'], [' += ', ' = '],
	['VERDICT_GENUINE', 'VERDICT_STALE'], ['VERDICT_STALE', 'VERDICT_BOGUS'],
	['VERDICT_BOGUS', 'VERDICT_GENUINE'], ['VERDICT_UNDECIDED', 'VERDICT_BOGUS'],
	['WAIT_OPEN', 'WAIT_SEEN'], ['WAIT_SEEN', 'WAIT_OPEN'],
	['WAIT_MAPPED', 'WAIT_OPEN'], ['WAIT_EXPOSED', 'WAIT_SEEN'],
	['OP_INSTALL', 'OP_ZAP'], ['OP_ZAP', 'OP_RANGE'],
	['OP_RANGE', 'OP_INSTALL'],
	['FAULT_F_WRITE', 'FAULT_F_PRIVATE'], ['FAULT_F_PRIVATE', 'FAULT_F_WRITE'],
	['FAULT_F_ANON_PROVES', 'FAULT_F_PRIVATE'],
	['FAULT_F_NEVER_INSTALLS', 'FAULT_F_ZAPS_KNOWN'],
	['FAULT_F_ZAPS_KNOWN', 'FAULT_F_PRIVATE'],
	['FAULT_F_SHARED_TABLE', 'FAULT_F_NEVER_INSTALLS'],
	['LOOK_NONE', 'LOOK_MAPPED'], ['LOOK_ANON', 'LOOK_MAPPED'],
	['LOOK_UNKNOWN', 'LOOK_MAPPED'], ['OUTCOME_DONE', 'OUTCOME_NOTHING'],
	['OUTCOME_UNSURE', 'OUTCOME_DONE'], ['OUTCOME_EXISTS', 'OUTCOME_NOTHING'],
	['e->clock)', '0)'], ['(!', '('], ['->begin', '->begin + 1'],
	['->mark', '->opened'], ['->installed', '->unsure'], ['->cut', '->zapped'],
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
			next if $file eq 'table.c' && !$judging{$function};
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
				$code !~ /^\s*(for|struct|enum|const|int|bool|unsigned|verdict_time)\b/ &&
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
	$engine .= ' build/m.src/check.c';
	my $objs = join ' ', 'build/m.src/check.o', map { ($_ eq $file ? "$dir/" : 'build/m.src/') . s/c$/o/r } @files;
	return 'build' if !run("$cc $flags $san -Ibuild/m.src -c -o $dir/" . $file =~ s/c$/o/r .
			       " $dir/$file", "$dir/log");
	run("$cc $san -shared -o $dir/libengine.so $objs", "$dir/log") or die slurp("$dir/log");
	for my $test ($opt{m} ? () : @tests) {
		return 'unit' if !run("env LD_LIBRARY_PATH=$dir timeout 10 build/m.$test", "$dir/log");
	}
	return 'survives' if $opt{u};
	run("$cc -O2 -std=gnu11 -w -Ibuild/m.src -DVERDICT_MAX_LOOKS=3 -o $dir/explore build/m.model/*.o $engine -Wl,--wrap=verdict_page_close",
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

# The line has moved, if another function alone has it.
sub rekey {
	my %known = map { name_of($_) => 1 } @_;
	my (%at, $text);

	push @{$at{s/^.*?: //r}}, $_ for keys %known;
	for (split /\n/, slurp('mutants.equivalent'), -1) {
		if (/^[^#\s]/ && !$known{$_}) {
			my $new = $at{s/^.*?: //r};

			if ($new && @$new == 1) {
				$_ = $new->[0];
			} else {
				print "gone: $_\n";
			}
		}
		$text .= "$_\n";
	}
	$text =~ s/\n\z//;
	open my $out, '>', 'mutants.equivalent' or die $!;
	print $out $text;
	close $out;
}

my @mutants = mutants();
if ($opt{k}) {
	rekey(@mutants);
	exit;
}
@mutants = grep { name_of($_) =~ /$only/ } @mutants if defined $only;
if ($opt{l}) {
	print name_of($_), "\n" for @mutants;
	exit;
}

system("mkdir -p build/m.model build/m.src && cp $src/*.h build/m.src") == 0 or exit 2;
# A copy: somebody may be at work on the engine meanwhile.
for (@files, 'check.c') {
	$source{$_} = slurp("$src/$_");
	system("cp $src/$_ build/m.src/ && cd build/m.src && $cc $flags $san -c $_") == 0 or exit 2;
}
system("cd build/m.src && $cc $san -shared -o libengine.so " .
       join(' ', map { s/c$/o/r } @files, 'check.c')) == 0 or exit 2;
for (@tests) {
	system("$cc $flags -o build/m.$_ $_.c -Lbuild/m.src -lengine -lcmocka") == 0 or exit 2;
}
for (@model) {
	system("$cc -O2 -std=gnu11 -w -DVERDICT_MAX_LOOKS=3 -c -o build/m.model/" . s,.*/(\w+)\.c$,$1.o,r . " $_") == 0 or exit 2;
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

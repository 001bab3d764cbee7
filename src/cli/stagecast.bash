# Completion of stagecast, stagecast-report, stagecast-run and stagecast-sim for bash 4.2 and newer.
# shellcheck shell=bash
#
# What options there are, and what values they take, is read from the --help of the program that is
# being completed, once in a shell.  So it is never behind, and names no option itself.

# By command: a line for each of its options, "NAME VALUE", the value as in --help, with its = or [=.
declare -gA _stagecast_helps

# One option, or several that mean the same: "-s, --chunk-size=SIZE".
_stagecast_take_piece()	# command, piece
{
	local rest=$2 name value last=
	local -a names=() values=()

	while [[ -n $rest ]]; do
		name=${rest%%, *}
		rest=${rest#"$name"}
		rest=${rest#, }
		value=${name#"${name%%[=[ ]*}"}
		names+=("${name%%[=[ ]*}")
		values+=("$value")
		last=${value:-$last}
	done
	for name in "${!names[@]}"; do
		_stagecast_helps[$1]+="${names[name]} ${values[name]:-$last}"$'\n'
	done
}

# Options stand at the beginning of a line, two blanks before the next one or what is said of them.
_stagecast_read_help()	# command
{
	local line piece

	[[ -z ${_stagecast_helps[$1]+read} ]] || return 0
	_stagecast_helps[$1]=
	while IFS= read -r line; do
		[[ $line == ' '* ]] || continue
		line=${line#"${line%%[! ]*}"}
		while [[ $line == -* ]]; do
			piece=${line%%  *}
			_stagecast_take_piece "$1" "$piece"
			line=${line#"$piece"}
			line=${line#"${line%%[! ]*}"}
		done
	done < <("$1" --help 2>/dev/null </dev/null)
}

# The commands whose options a command takes: stagecast-run passes on what it doesn't know.
_stagecast_commands()	# command
{
	commands=("$1")
	if [[ ${1##*/} == stagecast-run ]]; then
		if [[ $1 == */* && -x ${1%/*}/stagecast ]]; then
			commands+=("${1%/*}/stagecast")
		else
			commands+=(stagecast)
		fi
	fi
}

# Sets $value to what an option takes, such as "=node|rank"; 1 if there is no such option.
_stagecast_find()	# option
{
	local command line

	for command in "${commands[@]}"; do
		while IFS= read -r line; do
			if [[ ${line%% *} == "$1" ]]; then
				value=${line#* }
				return 0
			fi
		done <<<"${_stagecast_helps[$command]}"
	done
	value=
	return 1
}

# Nothing, and no files either.
_stagecast_nothing()
{
	compopt +o default +o bashdefault 2>/dev/null || true
}

# Words of a value, such as auto of RANK|auto|none, or nodes: of nodes:N.  Files are bash's own.
_stagecast_complete_value()	# beginning, what goes before
{
	local word words=

	[[ $value != *FILE* && $value != *DIR* ]] || return 0
	if [[ $value == *LIST* ]]; then
		mapfile -t COMPREPLY < <(compgen -A hostname -P "$2" -- "$1")
		return 0
	fi
	_stagecast_nothing
	value=${value#[}
	value=${value#[= ]}
	value=${value%]}
	while IFS= read -rd '|' word; do
		word=${word%%[A-Z]*}
		[[ $word != [a-z0-9]* ]] || words+="$word "
	done <<<"$value|"
	mapfile -t COMPREPLY < <(compgen -P "$2" -W "$words" -- "$1")
	[[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *: ]] || compopt -o nospace 2>/dev/null || true
}

# Long options that take a value end in =; of short ones there are few, and they are known.
_stagecast_complete_option()	# beginning
{
	local command name line words=

	for command in "${commands[@]}"; do
		while IFS= read -r line; do
			name=${line%% *}
			[[ $name != --* || ${line#* } != =* ]] || name+="="
			[[ -z $name || (${1:1:1} != - && -n ${1:1} && $name == --*) ]] || words+="$name "
		done <<<"${_stagecast_helps[$command]}"
	done
	_stagecast_nothing
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$1" | sort -u)
	[[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null || true
}

_stagecast()	# command, beginning of the word, word before
{
	local current=${COMP_WORDS[COMP_CWORD]} before='' value command i
	local previous=${COMP_WORDS[COMP_CWORD - 1]}
	local -a commands
	local IFS=$' \t\n'

	COMPREPLY=()
	_stagecast_commands "$1"
	for command in "${commands[@]}"; do
		_stagecast_read_help "$command"
	done
	for ((i = 1; i < COMP_CWORD; i++)); do
		# What follows are names of files.
		[[ ${COMP_WORDS[i]} != -- ]] || return 0
	done
	# Bash cuts words at =, as a rule.
	if [[ $current == "=" ]]; then
		_stagecast_find "$previous" && _stagecast_complete_value '' ''
	elif [[ $previous == "=" && $COMP_CWORD -ge 2 ]]; then
		_stagecast_find "${COMP_WORDS[COMP_CWORD - 2]}" && _stagecast_complete_value "$current" ''
	elif [[ $current == --*=* ]]; then
		before=${current%%=*}=
		_stagecast_find "${before%=}" && _stagecast_complete_value "${current#*=}" "$before"
	elif [[ $current != -* && $previous == -* ]] && _stagecast_find "$previous" &&
		[[ -n $value && $value != '['* ]]; then
		_stagecast_complete_value "$current" ''
	elif [[ $current == -* ]]; then
		_stagecast_complete_option "$current"
	fi
	return 0
}

complete -o bashdefault -o default -F _stagecast stagecast stagecast-report stagecast-run stagecast-sim

# complete.bash SCRIPT WORD...: what bash offers for the last of the words behind
# `minrnn`, or `files` where it is left to complete files.
source "$1"
shift
COMP_WORDS=(minrnn "$@")
COMP_CWORD=$#
_minrnn
if ((${#COMPREPLY[@]})); then echo "${COMPREPLY[@]}"; else echo files; fi

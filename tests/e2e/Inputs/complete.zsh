# complete.zsh SCRIPT WORD...: what zsh is told to offer for the last of the words
# behind `minrnn`: the functions of its completion are replaced by some that print.
compdef() { : }
_describe() { print -l -- "${(@P)@[-1]}" }
_files() { print files }
compadd() { print -- "${(@P)@[-1]}" }
source "$1"
shift
words=(minrnn "$@")
CURRENT=$(($# + 1))
_minrnn

# Writes OUTPUT, a header that defines MINRNN_COMPILER_HASH: a hash of the files in SOURCES.
set(hashes "")
foreach(source IN LISTS SOURCES)
  file(SHA256 ${source} hash)
  string(APPEND hashes ${hash})
endforeach()
string(SHA256 hash "${hashes}")
file(WRITE ${OUTPUT} "#define MINRNN_COMPILER_HASH \"${hash}\"\n")

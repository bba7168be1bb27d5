// A library to be opened at run time, in DynamicLibraryTest.cpp.

int minrnnTestTwice(int x);
int minrnnTestTwice(int x) { return 2 * x; }

# The children of these tests leave by _exit(2), which counts no lines by itself.
if(CMAKE_CXX_FLAGS MATCHES "--coverage")
  target_compile_definitions(test_confine PRIVATE CORDON_COVERAGE)
endif()

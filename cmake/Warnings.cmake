add_library(project_warnings INTERFACE)
target_compile_options(project_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wnull-dereference
  # Designated initializers leave members to their defaults on purpose.
  -Wno-missing-designated-field-initializers -Wno-missing-field-initializers
  $<$<BOOL:${LYCEUM_WERROR}>:-Werror>)

# Makes libnacre_runtime.a, the one archive that a compiled model is linked with, and
# records how: build/nacre-link.txt has one argument of the linker a line, the linker
# itself first; @OBJECT@ and @OUTPUT@ stand for the two files.
find_program(NACRE_LLVM_AR NAMES llvm-ar-22 llvm-ar HINTS /usr/lib/llvm-22/bin REQUIRED)
find_program(NACRE_LLD NAMES ld.lld-22 HINTS /usr/bin /usr/lib/llvm-22/bin REQUIRED)

# The archives that come with the compiler.
foreach(archive libstdc++.a libgcc.a libgcc_eh.a)
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=${archive}
    OUTPUT_VARIABLE path OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  list(APPEND COMPILER_ARCHIVES ${path})
endforeach()

set(RUNTIME_ARCHIVE ${CMAKE_CURRENT_BINARY_DIR}/libnacre_runtime.a)
set(MERGE_SCRIPT "CREATE ${RUNTIME_ARCHIVE}\nADDLIB $<TARGET_FILE:nacre_runtime_own>\n")
foreach(archive ${DEFLATE_ARCHIVE} ${JPEG_ARCHIVE} ${PNG_ARCHIVE} ${Z_ARCHIVE} ${COMPILER_ARCHIVES})
  string(APPEND MERGE_SCRIPT "ADDLIB ${archive}\n")
endforeach()
file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/merge.mri CONTENT "${MERGE_SCRIPT}SAVE\nEND\n")
add_custom_command(OUTPUT ${RUNTIME_ARCHIVE}
  COMMAND ${CMAKE_COMMAND} -E rm -f ${RUNTIME_ARCHIVE}
  COMMAND ${NACRE_LLVM_AR} -M < ${CMAKE_CURRENT_BINARY_DIR}/merge.mri
  DEPENDS nacre_runtime_own ${CMAKE_CURRENT_BINARY_DIR}/merge.mri
  COMMENT "Merging libnacre_runtime.a" VERBATIM)
add_custom_target(nacre_runtime ALL DEPENDS ${RUNTIME_ARCHIVE})

# The compiler knows where the C library's start files and libraries lie.
file(TOUCH ${CMAKE_CURRENT_BINARY_DIR}/empty.o)
execute_process(COMMAND ${CMAKE_CXX_COMPILER} "-###" -fuse-ld=lld ${CMAKE_CURRENT_BINARY_DIR}/empty.o
  ERROR_VARIABLE driver COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCH "[^\n]*\"-dynamic-linker\"[^\n]*" driver "${driver}")
separate_arguments(driver UNIX_COMMAND "${driver}")
list(FILTER driver INCLUDE REGEX "crt[^/]*\\.o$|^-L|^/lib.*/ld-linux")
foreach(argument ${driver})
  if(argument MATCHES "ld-linux")
    set(LOADER ${argument})
  elseif(argument MATCHES "^-L" AND NOT argument MATCHES "cuda")
    list(APPEND SEARCH ${argument})
  elseif(argument MATCHES "crtend|crtn\\.o$")
    list(APPEND END_FILES ${argument})
  elseif(argument MATCHES "crt")
    list(APPEND START_FILES ${argument})
  endif()
endforeach()
list(JOIN START_FILES "\n" START_FILES)
list(JOIN END_FILES "\n" END_FILES)
list(JOIN SEARCH "\n" SEARCH)

file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/nacre-link.txt CONTENT "${NACRE_LLD}
-pie
-m
elf_x86_64
--hash-style=gnu
--eh-frame-hdr
--build-id=none
--gc-sections
--strip-debug
--as-needed
-dynamic-linker
${LOADER}
-o
@OUTPUT@
${START_FILES}
${SEARCH}
@OBJECT@
${RUNTIME_ARCHIVE}
-lm
-lc
${END_FILES}
")

# How every target of the house is built, and the two kinds of target that it has: rooms and tools.

add_library(cordon_flags INTERFACE)
target_compile_options(cordon_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                                              -Wnon-virtual-dtor -fstack-protector-strong
                                              "-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.")
if(CMAKE_BUILD_TYPE MATCHES "Rel")
  target_compile_options(cordon_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
target_link_options(cordon_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
target_include_directories(cordon_flags INTERFACE ${CMAKE_SOURCE_DIR}/tools/lib)
target_compile_definitions(cordon_flags INTERFACE CORDON_VERSION="${PROJECT_VERSION}")

# cordon_room(NAME DEPENDS room… LINK library…): the static library of tools/lib/NAME, all its .cc files.
# LINK libraries are private: their headers stay in the room.
function(cordon_room name)
  cmake_parse_arguments(ROOM "" "" "DEPENDS;LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(NOT sources)
    add_library(cordon_${name} INTERFACE)
    set(scope INTERFACE)
  else()
    add_library(cordon_${name} STATIC ${sources})
    set(scope PUBLIC)
  endif()
  target_link_libraries(cordon_${name} ${scope} cordon_flags)
  foreach(room IN LISTS ROOM_DEPENDS)
    target_link_libraries(cordon_${name} ${scope} cordon_${room})
  endforeach()
  if(sources)
    target_link_libraries(cordon_${name} PRIVATE ${ROOM_LINK})
  endif()
endfunction()

# All that is installed, without the tests.
add_custom_target(programs)

# cordon_tool(NAME DEPENDS room…): the program NAME from the .cc files of this folder, installed. All but its main is the
# library NAME-parts, so that tests may have it.
function(cordon_tool name)
  cmake_parse_arguments(TOOL "" "" "DEPENDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(NOT sources)
    return()
  endif()
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  add_executable(${name} main.cc)
  target_link_libraries(${name} PRIVATE cordon_flags)
  if(sources)
    add_library(${name}-parts STATIC ${sources})
    target_include_directories(${name}-parts PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${name}-parts PUBLIC cordon_flags)
    target_link_libraries(${name} PRIVATE ${name}-parts)
  endif()
  list(TRANSFORM TOOL_DEPENDS PREPEND cordon_)
  foreach(target IN ITEMS ${name} ${name}-parts)
    if(TARGET ${target})
      target_link_libraries(${target} PUBLIC ${TOOL_DEPENDS})
    endif()
  endforeach()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  add_dependencies(programs ${name})
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# SPDX-License-Identifier: Apache-2.0
# Programs that carry everything with them: the agent in a release, and the shim always.
# Debian has archives of all the agent's libraries but libmosquitto; cmake/build-static-mosquitto makes that.

# Static and not position independent: measured with OpenSSL, LMDB, zstd and libmosquitto in use, PSS is 4.2 MB
# against 4.8 MB static-pie and 5.3 MB dynamic (whose RSS is 6.7 MB: alone in its root it pays that).
set(HOLDFAST_DEPS ${CMAKE_SOURCE_DIR}/build/deps CACHE PATH "Where cmake/build-static-mosquitto puts its archive")

function(holdfast_link_static name)
  target_link_options(${name} PRIVATE -static -no-pie -L${HOLDFAST_DEPS}/lib -Wl,--no-warnings)
endfunction()

if(HOLDFAST_AGENT_STATIC AND NOT EXISTS ${HOLDFAST_DEPS}/lib/libmosquitto.a)
  message(WARNING "No ${HOLDFAST_DEPS}/lib/libmosquitto.a: holdfast-agent is linked dynamically and takes about twice "
                  "the memory. Run cmake/build-static-mosquitto once and configure again.")
  set(HOLDFAST_AGENT_STATIC OFF)
endif()

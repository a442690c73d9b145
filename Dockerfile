# Homeport as an image. The panel drives the host's Docker engine, its nginx takes the host's ports,
# and it switches apps in the host's nftables, so it runs in the host's network:
#
#   docker run -d --name homeport --restart unless-stopped --network host --pid host \
#     --cap-add NET_ADMIN --cap-add SYS_PTRACE -v /var/run/docker.sock:/var/run/docker.sock \
#     -v /var/lib/homeport:/var/lib/homeport homeport
#
# Open it through `ssh -L 7380:localhost:7380` first; Settings, Panel domain gives it its name.
#
# nginx lives and dies with this container. Where sites must outlive the panel (an upgrade included),
# install the program with docs/homeport.service instead.

ARG RUST=rust:1.96.0-slim-bookworm
ARG DEBIAN=debian:12.15-slim

# --- what builds: changes with the tools' versions only --------------------------------------
FROM ${RUST} AS tools
WORKDIR /homeport
COPY script/setup script/env script/
COPY Cargo.lock .
RUN script/setup --build

# --- the dependencies: change with the manifests only ----------------------------------------
# Every crate of ours is empty here, and has no tests; all that it depends on is compiled.
FROM tools AS dependencies
COPY Cargo.toml .
COPY .cargo .cargo
COPY model/Cargo.toml model/
COPY app/Cargo.toml app/
COPY frontend/Cargo.toml frontend/
COPY server/Cargo.toml server/
COPY script/dependencies script/
RUN script/dependencies

# --- the program and the pages ----------------------------------------------------------------
FROM dependencies AS build
COPY . .
# The empty crates are younger than the sources that take their place.
RUN touch */src/lib.rs */src/main.rs */build.rs && script/build --release \
 && mkdir /out && mv target/release/homeport target/release/hash.txt target/site /out

# --- what is shipped ---------------------------------------------------------------------------
FROM ${DEBIAN}
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates git iproute2 nftables nginx openssh-client \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /out /opt/homeport
RUN ln -s /opt/homeport/homeport /usr/local/bin/homeport
VOLUME /var/lib/homeport
ENTRYPOINT ["homeport"]
CMD ["serve"]

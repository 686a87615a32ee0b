# Functions to build containers without a container engine: buildah in a chroot, on a base system from debootstrap.
# Source this file.
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
SUITE=bookworm
CERTIFICATES=/etc/ssl/certs

# A package index behind a proxy may need certificate authorities that are installed only on this machine.
OPTIONS=(--network host --volume "$CERTIFICATES:$CERTIFICATES:ro")

# new_container IMAGE: set `container` to its name and `mount` to the directory of its files.
new_container() {
    container=$(buildah from --pull-never "$1")
    mount=$(buildah mount "$container")
}

# made IMAGE COMMAND...: run the command unless the image exists.
made() {
    buildah inspect --type image "$1" >/dev/null 2>&1 || "${@:2}" "$1"
}

# make_debian IMAGE: Debian with only Python and the certificates' directory.
make_debian() {
    local root
    root=$(mktemp -d)
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "$SUITE" "$root" >/dev/null
    new_container scratch
    cp -a "$root/." "$mount/"
    rm -rf "$root"
    commit "$1"
}

# install IMAGE PACKAGE...: commit the base system with these packages as an image.
install() {
    new_container "$BASE"
    buildah run "${OPTIONS[@]}" "$container" -- \
        sh -c "apt-get update -qq && apt-get install -y -qq --no-install-recommends ${*:2} && rm -rf /var/lib/apt/lists/*" >/dev/null
    rm -f "$mount"/usr/lib/python3*/EXTERNALLY-MANAGED
    commit "$1"
}

commit() {
    buildah commit --quiet "$container" "$1" >/dev/null
    buildah rm "$container" >/dev/null
}

BASE=localhost/akako-debian:$SUITE
made "$BASE" make_debian

"""Decides whether a forwarded program's output agrees with the native one's.

Outputs are lines of "name: value" in the same order. They must be equal, but for the rules below: each names
the lines that it is for and says what a forwarded value may be, and why it cannot be the native one.
"""

import difflib
import re

# Where a native platform departs from the specification, test programs add what that demands. There a forwarding
# platform, which checks arguments itself, may do either.
SPECIFICATION = re.compile(r"^(?P<value>.*?) \[specification: (?P<codes>[^\]]*)\]$")

# Extensions that add entry points which are not forwarded, or belong to the native platform alone.
NOT_FORWARDED = {
    "cl_pocl_content_size", "cl_ext_device_fission", "cl_khr_gl_sharing",
    "cl_khr_egl_image", "cl_khr_d3d10_sharing", "cl_khr_d3d11_sharing", "cl_khr_dx9_media_sharing",
    "cl_nv_create_buffer", "cl_nv_d3d10_sharing", "cl_nv_d3d11_sharing", "cl_nv_d3d9_sharing",
    "cl_khr_external_memory", "cl_khr_external_memory_opaque_fd", "cl_khr_external_semaphore",
    "cl_khr_external_semaphore_opaque_fd", "cl_khr_semaphore", "cl_khr_gl_event",
    "cl_khr_suggested_local_work_size", "cl_khr_create_command_queue", "cl_khr_il_program",
    "cl_khr_subgroups", "cl_pocl_svm_rect", "cl_pocl_pinned_buffers",
}
# Extensions that a forwarding platform adds.
ADDED = {"cl_khr_icd", "cl_clopencl_collectives", "cl_clopencl_host_name", "cl_clopencl_traffic"}

EXECUTION_NATIVE_KERNEL = "CL_EXEC_NATIVE_KERNEL"
SVM_COARSE_GRAIN = "CL_DEVICE_SVM_COARSE_GRAIN_BUFFER"


def words(value):
    return set(value.split()) - {"|", "none"}


def same_name_and_host(native, forwarded):
    """A platform's name says its host, too."""
    return forwarded.startswith(native)


def same_extensions(native, forwarded):
    """Extensions with entry points that are not forwarded are left out, our own ones added."""
    def names(extensions):
        return {extension.partition("=")[0] for extension in extensions}  # "name" or "name=version"

    left_out = names(words(native) - words(forwarded))
    added = names(words(forwarded) - words(native))
    return left_out <= NOT_FORWARDED and added <= ADDED


def same_without_native_kernels(native, forwarded):
    """A native kernel is a function in the program's own memory: no other process can call it."""
    return words(native) - {EXECUTION_NATIVE_KERNEL} == words(forwarded)


def same_without_fine_grain(native, forwarded):
    """Host and device do not share memory, so that only coarse-grained shared virtual memory is possible."""
    return words(forwarded) == words(native) & {SVM_COARSE_GRAIN}


def about_the_same(native, forwarded):
    """A clock frequency is read off the machine at every start."""
    try:
        return 0.5 < int(forwarded) / int(native) < 2
    except (ValueError, ZeroDivisionError):
        return native == forwarded


def at_most_native_references(native, forwarded):
    """A platform may count references of its own (a context's queues, say), or not."""
    return forwarded.isdigit() and 1 <= int(forwarded) <= int(native)


RULES = [
    (re.compile(r"^(?!.* retained/).*/CL_(CONTEXT|QUEUE|MEM|PROGRAM|KERNEL)_REFERENCE_COUNT$"),
     at_most_native_references),
    (re.compile(r"platform/CL_PLATFORM_NAME$"), same_name_and_host),
    (re.compile(r"platform/CL_PLATFORM_NAME size$"), lambda native, forwarded: True),  # follows from the name
    (re.compile(r"(platform/CL_PLATFORM|device/CL_DEVICE)_EXTENSIONS(_WITH_VERSION)?$"), same_extensions),
    (re.compile(r"(platform/CL_PLATFORM|device/CL_DEVICE)_EXTENSIONS(_WITH_VERSION)? size$"),
     lambda native, forwarded: True),
    # Each platform that the loader finds has a suffix of its own.
    (re.compile(r"platform/CL_PLATFORM_ICD_SUFFIX_KHR( size)?$"), lambda native, forwarded: True),
    (re.compile(r"device/CL_DEVICE_EXECUTION_CAPABILITIES$"), same_without_native_kernels),
    (re.compile(r"device/CL_DEVICE_SVM_CAPABILITIES$"), same_without_fine_grain),
    (re.compile(r"device/CL_DEVICE_MAX_CLOCK_FREQUENCY$"), about_the_same),
]


# Lines from the first difference on that are looked at: matching up is quadratic.
MOST_COMPARED = 5000


def split(line):
    """"name: value" -> name, value. Names hold no ": "."""
    name, separator, value = line.partition(": ")
    return (name, value) if separator else ("", line)


def agree(native, forwarded):
    """Whether two lines agree."""
    if native == forwarded:
        return True
    name, native_value = split(native)
    forwarded_name, forwarded_value = split(forwarded)
    if name != forwarded_name or not name:
        return False
    lax = SPECIFICATION.match(native_value)
    if lax:
        own = SPECIFICATION.match(forwarded_value)
        value = own["value"] if own else forwarded_value
        return value == lax["value"] or value in lax["codes"].split(" or ")
    return any(pattern.search(name) and rule(native_value, forwarded_value) for pattern, rule in RULES)


def compare(native, forwarded):
    """The differences that no rule allows, as lines to print; empty when the outputs agree."""
    left = native.splitlines()
    right = forwarded.splitlines()
    start = 0
    while start < min(len(left), len(right)) and agree(left[start], right[start]):
        start += 1
    end = 0
    while end < min(len(left), len(right)) - start and agree(left[-1 - end], right[-1 - end]):
        end += 1
    # What is left is matched up by the lines' names: one that is missing must not shift all that follow.
    left = left[start:len(left) - end][:MOST_COMPARED]
    right = right[start:len(right) - end][:MOST_COMPARED]
    matcher = difflib.SequenceMatcher(None, [split(line)[0] or line for line in left],
                                      [split(line)[0] or line for line in right], autojunk=False)
    differences = []
    for operation, left_from, left_to, right_from, right_to in matcher.get_opcodes():
        if operation == "equal":
            for one, other in zip(left[left_from:left_to], right[right_from:right_to]):
                if not agree(one, other):
                    differences += [f"native    {one}", f"forwarded {other}"]
        else:
            differences += [f"native    {line}" for line in left[left_from:left_to]]
            differences += [f"forwarded {line}" for line in right[right_from:right_to]]
    return differences

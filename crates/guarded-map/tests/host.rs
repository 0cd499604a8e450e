//! What the rest of the process sees: other handlers of SIGBUS, blocked signals, forks.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs::File;
use std::mem::MaybeUninit;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use guarded_map::Map;
use libc::{c_int, c_void, siginfo_t};

mod process;
use process::{alone, ends_well};

const PAGE: usize = 4096;

/// Whether a process was ended by SIGBUS.
fn died_of_bus(status: ExitStatus) -> bool {
    status.signal() == Some(libc::SIGBUS)
}

/// A file of one page, and its map.
fn mapped() -> (File, Map) {
    let file = tempfile::tempfile().unwrap();
    file.set_len(PAGE as u64).unwrap();
    let map = Map::of(&file, 0, PAGE).unwrap();
    (file, map)
}

/// Looks at a page that is not there any more.
fn a_look_fails() {
    let (file, map) = mapped();
    assert_eq!(map.look(0..1, |bytes| bytes[0]), Some(0));
    file.set_len(0).unwrap();
    assert_eq!(map.look(0..1, |bytes| bytes[0]), None);
}

/// A page of the test's own whose file is gone: whoever reads it has a fault that is none of the crate's business.
fn foreign_page() -> *const u8 {
    use std::os::fd::AsRawFd;
    let file = tempfile::tempfile().unwrap();
    // SAFETY: a new map touches nothing that is there.
    let page =
        unsafe { libc::mmap(ptr::null_mut(), PAGE, libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd(), 0) };
    assert_ne!(page, libc::MAP_FAILED);
    page.cast()
}

/// Reads a byte by an instruction at a known place.
#[inline(never)]
fn touch(page: *const u8) {
    // SAFETY: it is mapped; that its file has no such byte is the test.
    unsafe { page.read_volatile() };
}

/// Installs a handler, as others do; says what was before.
fn install(handler: usize, flags: c_int) -> libc::sigaction {
    // SAFETY: zeros are a whole sigaction.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    (action.sa_sigaction, action.sa_flags) = (handler, flags);
    let mut before = MaybeUninit::uninit();
    // SAFETY: `handler` is of the kind that `flags` say.
    assert_eq!(unsafe { libc::sigaction(libc::SIGBUS, &raw const action, before.as_mut_ptr()) }, 0);
    // SAFETY: the call has written it.
    unsafe { before.assume_init() }
}

/// What handles the signal now.
fn current() -> libc::sigaction {
    let mut action = MaybeUninit::uninit();
    // SAFETY: it only asks, and the answer has room.
    assert_eq!(unsafe { libc::sigaction(libc::SIGBUS, ptr::null(), action.as_mut_ptr()) }, 0);
    // SAFETY: the call has written it.
    unsafe { action.assume_init() }
}

static SEEN: AtomicUsize = AtomicUsize::new(0);
static ADDRESS: AtomicUsize = AtomicUsize::new(0);
static COUNTER: AtomicUsize = AtomicUsize::new(0);

/// Notes the fault's address and where the program was, and puts a page of zeros there, so that it goes on.
extern "C" fn note(_: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the system's siginfo, of a fault.
    let info = unsafe { &*info };
    // SAFETY: a fault's siginfo has an address.
    let address = unsafe { info.si_addr() };
    // SAFETY: the system's context.
    let context = unsafe { &*context.cast::<libc::ucontext_t>() };
    ADDRESS.store(address as usize, Ordering::SeqCst);
    #[cfg(target_arch = "x86_64")]
    let counter = context.uc_mcontext.gregs[libc::REG_RIP as usize].cast_unsigned();
    #[cfg(target_arch = "aarch64")]
    let counter = context.uc_mcontext.pc;
    COUNTER.store(usize::try_from(counter).unwrap_or(0), Ordering::SeqCst);
    SEEN.fetch_add(1, Ordering::SeqCst);
    let flags = libc::MAP_FIXED | libc::MAP_ANONYMOUS | libc::MAP_PRIVATE;
    // SAFETY: the page is the test's own.
    unsafe { libc::mmap(address, PAGE, libc::PROT_READ, flags, -1, 0) };
}

fn note_as_handler() -> usize {
    note as extern "C" fn(c_int, *mut siginfo_t, *mut c_void) as usize
}

/// Where in the program a fault is that `touch` causes, as `note` has it from the system itself.
fn counter_of_touch() -> usize {
    let before = install(note_as_handler(), libc::SA_SIGINFO);
    touch(foreign_page());
    install(before.sa_sigaction, before.sa_flags);
    assert_eq!(SEEN.swap(0, Ordering::SeqCst), 1);
    COUNTER.swap(0, Ordering::SeqCst)
}

/// `note` must have a fault that `touch` causes, once, with its address and with where in the program it was.
fn assert_noted(counter: usize) {
    let page = foreign_page();
    touch(page);
    assert_eq!((SEEN.swap(0, Ordering::SeqCst), ADDRESS.load(Ordering::SeqCst)), (1, page as usize));
    assert_eq!(COUNTER.swap(0, Ordering::SeqCst), counter);
}

#[test]
fn a_handler_that_was_there_still_has_foreign_faults() {
    ends_well("a_handler_that_was_there_still_has_foreign_faults", || {
        let counter = counter_of_touch();
        install(note_as_handler(), libc::SA_SIGINFO);
        a_look_fails();
        assert_eq!(SEEN.load(Ordering::SeqCst), 0);
        assert_noted(counter);
        a_look_fails();
        assert_eq!(SEEN.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn a_handler_that_came_later_has_foreign_faults_and_no_others() {
    ends_well("a_handler_that_came_later_has_foreign_faults_and_no_others", || {
        let counter = counter_of_touch();
        a_look_fails();
        install(note_as_handler(), libc::SA_SIGINFO);
        for _ in 0..3 {
            a_look_fails();
            assert_eq!(SEEN.load(Ordering::SeqCst), 0);
            assert_noted(counter);
        }
    });
}

#[test]
fn a_foreign_fault_in_a_look_is_not_mended() {
    ends_well("a_foreign_fault_in_a_look_is_not_mended", || {
        let counter = counter_of_touch();
        install(note_as_handler(), libc::SA_SIGINFO);
        let (_file, map) = mapped();
        assert!(map.look(0..1, |_| assert_noted(counter)).is_some());
    });
}

#[test]
fn without_another_handler_a_foreign_fault_ends_the_process() {
    let output = alone("without_another_handler_a_foreign_fault_ends_the_process", "", |_| {
        install(libc::SIG_DFL, 0);
        a_look_fails();
        touch(foreign_page());
    });
    assert!(died_of_bus(output.status), "{:?}", output.status);
}

#[test]
fn a_fault_that_is_ignored_ends_the_process_and_a_signal_that_is_does_not() {
    let output = alone("a_fault_that_is_ignored_ends_the_process_and_a_signal_that_is_does_not", "", |_| {
        install(libc::SIG_IGN, 0);
        a_look_fails();
        // SAFETY: it sends this thread a signal.
        unsafe { libc::raise(libc::SIGBUS) };
        eprintln!("went on");
        touch(foreign_page());
    });
    assert!(died_of_bus(output.status), "{:?}", output.status);
    assert!(String::from_utf8_lossy(&output.stderr).contains("went on"));
}

#[test]
fn a_signal_that_is_sent_ends_the_process_at_once() {
    for how in ["raise", "kill"] {
        let test = "a_signal_that_is_sent_ends_the_process_at_once";
        let output = alone(test, how, |how| {
            install(libc::SIG_DFL, 0);
            a_look_fails();
            if how == "raise" {
                // SAFETY: it sends this thread a signal.
                unsafe { libc::raise(libc::SIGBUS) };
            } else {
                let process = std::process::id().cast_signed();
                // SAFETY: it sends this process a signal.
                unsafe { libc::kill(process, libc::SIGBUS) };
                // Whichever thread has it ends them all; this one must not end first.
                std::thread::sleep(std::time::Duration::from_secs(60));
            }
        });
        assert!(died_of_bus(output.status), "{how}: {:?}", output.status);
    }
}

/// What was before `restore_and_raise`.
static BEFORE: AtomicUsize = AtomicUsize::new(0);

/// As CPython's `faulthandler`: puts back what was before, and raises the signal again.
extern "C" fn restore_and_raise(signal: c_int) {
    SEEN.fetch_add(1, Ordering::SeqCst);
    let before = ptr::with_exposed_provenance::<libc::sigaction>(BEFORE.load(Ordering::SeqCst));
    // SAFETY: `like_faulthandler` leaked it.
    unsafe { libc::sigaction(libc::SIGBUS, before, ptr::null_mut()) };
    // SAFETY: it sends this thread a signal.
    unsafe { libc::raise(signal) };
}

fn like_faulthandler() {
    let handler = restore_and_raise as extern "C" fn(c_int) as usize;
    let before = Box::new(install(handler, libc::SA_NODEFER | libc::SA_ONSTACK));
    BEFORE.store((&raw const *Box::leak(before)).expose_provenance(), Ordering::SeqCst);
}

#[test]
fn a_handler_that_comes_in_the_middle_of_a_look_and_raises_again_ends_nothing() {
    ends_well("a_handler_that_comes_in_the_middle_of_a_look_and_raises_again_ends_nothing", || {
        let (file, map) = mapped();
        let seen = map.look(0..1, |bytes| {
            like_faulthandler();
            file.set_len(0).unwrap();
            bytes[0]
        });
        assert_eq!((seen, SEEN.load(Ordering::SeqCst)), (None, 1));
        a_look_fails();
    });
}

/// Gives this thread room for many handlers within each other. Rust gives it 8 KiB, which two frames of a signal fill where
/// registers are long (3.3 KiB with AVX-512): the third would end the process by another signal.
fn with_room_for_handlers() {
    let room = Box::leak(vec![0_u8; 256 << 10].into_boxed_slice());
    let stack = libc::stack_t { ss_sp: room.as_mut_ptr().cast(), ss_flags: 0, ss_size: room.len() };
    // SAFETY: the room was leaked, and nobody else uses it.
    assert_eq!(unsafe { libc::sigaltstack(&raw const stack, ptr::null_mut()) }, 0);
}

#[test]
fn a_ring_of_handlers_ends_the_process() {
    for order in ["before", "after", "both"] {
        let output = alone("a_ring_of_handlers_ends_the_process", order, |order| {
            with_room_for_handlers();
            install(libc::SIG_DFL, 0);
            if order != "after" {
                like_faulthandler();
            }
            a_look_fails();
            if order != "before" {
                like_faulthandler();
                a_look_fails();
            }
            touch(foreign_page());
        });
        assert!(died_of_bus(output.status), "{order}: {:?}", output.status);
    }
}

#[test]
fn a_thread_that_blocks_the_signal_looks_and_blocks_it_still() {
    ends_well("a_thread_that_blocks_the_signal_looks_and_blocks_it_still", || {
        let mut set = MaybeUninit::uninit();
        // SAFETY: it makes a full set of it.
        unsafe { libc::sigfillset(set.as_mut_ptr()) };
        // SAFETY: the set is whole since the line before.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), ptr::null_mut()) };
        a_look_fails();
        // SAFETY: it only asks for the mask.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), set.as_mut_ptr()) };
        // SAFETY: the set is whole.
        assert_eq!(unsafe { libc::sigismember(set.as_ptr(), libc::SIGBUS) }, 1);
    });
}

/// Runs `body` in a fork; says how that ended.
fn in_fork(body: impl FnOnce()) -> c_int {
    // SAFETY: the child runs `body`, which takes no lock that another thread may hold, and leaves.
    let child = unsafe { libc::fork() };
    if child == 0 {
        body();
        // SAFETY: it ends the process.
        unsafe { libc::_exit(0) };
    }
    let mut status = -1;
    // SAFETY: the answer has room.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    status
}

#[test]
fn a_fork_in_the_middle_of_looks_can_look_and_its_parent_too() {
    ends_well("a_fork_in_the_middle_of_looks_can_look_and_its_parent_too", || {
        let (file, map) = mapped();
        let (looking, forked) = (std::sync::Barrier::new(2), std::sync::Barrier::new(2));
        std::thread::scope(|scope| {
            let look = scope.spawn(|| {
                map.look(0..1, |bytes| {
                    looking.wait();
                    forked.wait();
                    bytes[0]
                })
            });
            looking.wait();
            assert_eq!(
                in_fork(|| {
                    // The map of its parent, and one of its own.
                    assert_eq!(map.look(0..1, |bytes| bytes[0]), Some(0));
                    for _ in 0..300 {
                        a_look_fails();
                    }
                }),
                0
            );
            file.set_len(0).unwrap();
            forked.wait();
            assert_eq!(look.join().unwrap(), None);
        });
    });
}

/// As PyTorch's workers do after the fork: a handler that asks nobody who was there before, and leaves.
extern "C" fn leave(_: c_int) {
    // SAFETY: it ends the process.
    unsafe { libc::_exit(7) };
}

#[test]
fn a_worker_with_a_handler_of_its_own_keeps_it_for_its_own_faults() {
    ends_well("a_worker_with_a_handler_of_its_own_keeps_it_for_its_own_faults", || {
        a_look_fails();
        let status = in_fork(|| {
            install(leave as extern "C" fn(c_int) as usize, libc::SA_NODEFER);
            a_look_fails();
            touch(foreign_page());
        });
        assert_eq!((libc::WIFEXITED(status), libc::WEXITSTATUS(status)), (true, 7));
    });
}

#[test]
fn a_memory_error_is_never_mended() {
    ends_well("a_memory_error_is_never_mended", || {
        install(libc::SIG_DFL, 0);
        let (_file, map) = mapped();
        let seen = map.look(0..1, |bytes| {
            // SAFETY: zeros are a whole siginfo.
            let mut info: siginfo_t = unsafe { MaybeUninit::zeroed().assume_init() };
            (info.si_signo, info.si_code) = (libc::SIGBUS, libc::BUS_MCEERR_AR);
            // The address comes behind the three numbers and the gap after them.
            let field = (&raw mut info).cast::<usize>().wrapping_add(2);
            // SAFETY: a siginfo is 128 bytes long.
            unsafe { field.write(bytes.as_ptr() as usize) };
            let handler = ptr::with_exposed_provenance::<()>(current().sa_sigaction);
            // SAFETY: the crate's handler is on top, and takes a siginfo.
            let handler = unsafe {
                std::mem::transmute::<*const (), extern "C" fn(c_int, *mut siginfo_t, *mut c_void)>(handler)
            };
            handler(libc::SIGBUS, &raw mut info, ptr::null_mut());
        });
        // Handed on to the default, which is in place for when the fault comes again.
        assert!(seen.is_some() && current().sa_sigaction == libc::SIG_DFL);
    });
}

#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::backend::{BackendDevice, BackendStorage};
use candle_core::cuda_backend::cudarc::driver::result::{device, mem_pool};
use candle_core::cuda_backend::cudarc::driver::sys::{
    CUdevice_attribute as Attribute, CUfunction_attribute, CUmemPool_attribute, CUmemoryPool,
};
use candle_core::cuda_backend::cudarc::driver::{
    CudaFunction, CudaSlice, CudaStream, DevicePtr, LaunchConfig, PushKernelArg,
};
use candle_core::cuda_backend::cudarc::nvrtc::{CompileError, CompileOptions, compile_ptx_with_opts};
use candle_core::cuda_backend::{CudaDevice, CudaStorage, CudaStorageSlice, WrapErr};
use candle_core::op::BackpropOp;
use candle_core::{DType, Device, Error, Layout, Result, Shape, Storage, Tensor, bail};

/// CUDA C++ that is compiled when a device first needs it.
pub(super) struct Program {
    pub(super) name: &'static str,
    pub(super) source: &'static str,
}

/// A function of a [`Program`] on a device.
pub(super) struct Kernel {
    function: CudaFunction,
    stream: Arc<CudaStream>,
}

/// One argument of a kernel.
#[derive(Clone, Copy)]
pub(super) enum Argument {
    /// Of the first element of a tensor; see [`address`].
    Address(u64),
    Int(i32),
    Long(i64),
    Float(f32),
}

/// Assembly by program, device architecture and definitions. Compiling takes a tenth of a second and more.
static ASSEMBLY: Mutex<BTreeMap<String, Arc<str>>> = Mutex::new(BTreeMap::new());

impl Program {
    /// The function of this name, with `-D NAME=VALUE` for each of the definitions.
    pub(super) fn kernel(
        &self,
        device: &CudaDevice,
        function: &str,
        definitions: &[(&str, &dyn std::fmt::Display)],
    ) -> Result<Kernel> {
        let stream = device.cuda_stream();
        let (major, minor) = capability(device)?;
        // It is for this device alone, so with the instructions that no later one has.
        let alone = if major >= 9 { "a" } else { "" };
        let mut options = vec![
            format!("--gpu-architecture=compute_{major}{minor}{alone}"),
            // Lambdas in a kernel are device code.
            "--device-as-default-execution-space".to_owned(),
        ];
        options.extend(definitions.iter().map(|(name, value)| format!("-D{name}={value}")));
        let key = format!("{} {}", self.name, options.join(" "));
        let assembly = {
            let mut known = ASSEMBLY.lock().unwrap_or_else(PoisonError::into_inner);
            match known.get(&key) {
                Some(assembly) => Arc::clone(assembly),
                None => {
                    let assembly: Arc<str> = self.compile(options)?.into();
                    known.insert(key.clone(), Arc::clone(&assembly));
                    assembly
                }
            }
        };
        let function = device.get_or_load_custom_func(function, &key, &assembly)?.into_cuda_function();
        Ok(Kernel { function, stream })
    }

    fn compile(&self, options: Vec<String>) -> Result<String> {
        let name = Some(format!("{}.cu", self.name));
        let options = CompileOptions { options, name, ..CompileOptions::default() };
        let source = [include_str!("elements.cuh"), self.source].concat();
        match compile_ptx_with_opts(source, options) {
            Ok(assembly) => Ok(assembly.to_src()),
            Err(CompileError::CompileError { log, .. }) => bail!("{}.cu: {}", self.name, log.to_string_lossy()),
            Err(error) => Err(Error::Cuda(Box::new(error))),
        }
    }
}

/// The compute capability of a device: 9 and 0 for Hopper.
pub(super) fn capability(device: &CudaDevice) -> Result<(i32, i32)> {
    let stream = device.cuda_stream();
    let capability = |attribute| stream.context().attribute(attribute).w();
    let major = capability(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
    Ok((major, capability(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?))
}

impl Kernel {
    /// Queues the kernel after everything that was queued on the device before.
    ///
    /// # Safety
    /// The arguments are those that the function declares, and with them and this grid it reads and
    /// writes inside the tensors only whose addresses it is given.
    pub(super) unsafe fn launch(
        &self,
        grid: [u32; 3],
        threads: u32,
        shared_bytes: u32,
        arguments: &[Argument],
    ) -> Result<()> {
        if shared_bytes > 48 << 10 {
            // What is above 48 KiB has to be asked for.
            let attribute = CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
            self.function.set_attribute(attribute, shared_bytes as i32).w()?;
        }
        let mut builder = self.stream.launch_builder(&self.function);
        for argument in arguments {
            match argument {
                Argument::Address(address) => builder.arg(address),
                Argument::Int(int) => builder.arg(int),
                Argument::Long(long) => builder.arg(long),
                Argument::Float(float) => builder.arg(float),
            };
        }
        let (width, height, depth) = (grid[0], grid[1], grid[2]);
        let config = LaunchConfig {
            grid_dim: (width, height, depth),
            block_dim: (threads, 1, 1),
            shared_mem_bytes: shared_bytes,
        };
        // SAFETY: the caller's promise.
        unsafe { builder.launch(config) }.w()?;
        Ok(())
    }
}

/// Where a tensor's first element is on its device.
///
/// Valid for what is queued while the tensor lives: there is one stream of work for a device, and
/// memory is given back in its order.
pub(super) fn address(tensor: &Tensor) -> Result<u64> {
    let (storage, layout) = tensor.storage_and_layout();
    let Storage::Cuda(storage) = &*storage else { bail!("the tensor is not on a CUDA device") };
    Ok(start(storage)? + (layout.start_offset() * tensor.dtype().size_in_bytes()) as u64)
}

/// Where memory on a device starts; see [`address`].
pub(super) fn start(storage: &CudaStorage) -> Result<u64> {
    fn of<T>(slice: &CudaSlice<T>) -> u64 {
        slice.device_ptr(slice.stream()).0
    }
    Ok(match &storage.slice {
        CudaStorageSlice::U32(slice) => of(slice),
        CudaStorageSlice::BF16(slice) => of(slice),
        CudaStorageSlice::F16(slice) => of(slice),
        CudaStorageSlice::F32(slice) => of(slice),
        CudaStorageSlice::F64(slice) => of(slice),
        _ => bail!("no kernel takes {:?}", storage.dtype()),
    })
}

/// A contiguous argument of an operation that is a node of candle's graph, on its device.
///
/// Its address is valid for what is queued while what it was made of lives.
pub(in crate::model) struct Operand {
    pub(super) device: CudaDevice,
    pub(super) address: u64,
    pub(super) dtype: DType,
    shape: Shape,
}

impl Operand {
    /// Of the arguments of a forward pass.
    pub(in crate::model) fn new(storage: &CudaStorage, layout: &Layout) -> Result<Self> {
        if !layout.is_contiguous() {
            bail!("the elements of an argument lie apart");
        }
        let address = start(storage)? + (layout.start_offset() * storage.dtype().size_in_bytes()) as u64;
        Ok(Self { device: storage.device.clone(), address, dtype: storage.dtype(), shape: layout.shape().clone() })
    }

    /// Of the tensors of a backward pass.
    pub(in crate::model) fn of(tensor: &Tensor) -> Result<Self> {
        let (storage, layout) = tensor.storage_and_layout();
        match &*storage {
            Storage::Cuda(storage) => Self::new(storage, layout),
            _ => bail!("the tensor is not on a CUDA device"),
        }
    }

    /// How many elements there are.
    pub(super) fn count(&self) -> usize {
        self.shape.elem_count()
    }

    /// The length of the last axis.
    pub(super) fn last(&self) -> usize {
        self.shape.dims().last().copied().unwrap_or(1)
    }

    /// What `elements.cuh` calls the type.
    pub(super) fn element(&self) -> Result<&'static str> {
        match element(self.dtype) {
            Some(name) => Ok(name),
            None => bail!("training on a GPU is in f32, f16 or bf16, not {:?}", self.dtype),
        }
    }

    /// Memory for as many elements of the same type, which the caller's kernel writes, and its address.
    pub(super) fn like(&self) -> Result<(CudaStorage, u64)> {
        self.alike(self.shape.dims())
    }

    /// The same for another shape.
    pub(super) fn alike(&self, dims: &[usize]) -> Result<(CudaStorage, u64)> {
        self.of_type(self.dtype, dims)
    }

    /// The same for another type.
    pub(super) fn of_type(&self, dtype: DType, dims: &[usize]) -> Result<(CudaStorage, u64)> {
        // SAFETY: every caller launches a kernel that writes all elements before anything reads one.
        let storage = unsafe { self.device.alloc_uninit(&Shape::from(dims), dtype)? };
        let address = start(&storage)?;
        Ok((storage, address))
    }

    /// What was computed, as a tensor of this shape.
    pub(in crate::model) fn tensor(&self, storage: CudaStorage) -> Tensor {
        self.tensor_of(storage, self.shape.dims())
    }

    /// The same for another shape.
    pub(super) fn tensor_of(&self, storage: CudaStorage, dims: &[usize]) -> Tensor {
        Tensor::from_storage(Storage::Cuda(storage), dims, BackpropOp::none(), false)
    }
}

/// A contiguous tensor whose elements hold anything.
///
/// # Safety
/// Every element is written before it is read.
pub(super) unsafe fn unwritten(shape: impl Into<Shape>, dtype: DType, device: &CudaDevice) -> Result<Tensor> {
    let shape = shape.into();
    // SAFETY: the caller's promise.
    let storage = unsafe { device.alloc_uninit(&shape, dtype)? };
    Ok(Tensor::from_storage(Storage::Cuda(storage), shape, BackpropOp::none(), false))
}

/// The name of the type of elements in `elements.cuh`; none for what the kernels do not cover.
pub(super) fn element(dtype: DType) -> Option<&'static str> {
    match dtype {
        DType::BF16 => Some("bf16"),
        DType::F16 => Some("f16"),
        DType::F32 => Some("float"),
        _ => None,
    }
}

/// How many elements can be read and written at once: as many as 16 bytes hold where these sizes are
/// multiples of it and these addresses aligned, else one.
pub(super) fn pack(dtype: DType, sizes: &[usize], addresses: &[u64]) -> usize {
    let elements = 16 / dtype.size_in_bytes();
    let whole = sizes.iter().all(|size| size % elements == 0) && addresses.iter().all(|address| address % 16 == 0);
    if whole { elements } else { 1 }
}

/// Keeps memory that is given back for the next tensor, and spares each tensor two events that a
/// single stream of work has no use for.
pub(in crate::model) fn prepare(device: &Device) -> Result<()> {
    let Device::Cuda(device) = device else { return Ok(()) };
    // SAFETY: what another thread queues is waited for before it is handed over, so that no stream
    // has to wait for an event of another.
    unsafe { device.disable_event_tracking() };
    let mut threshold = u64::MAX;
    let value = (&raw mut threshold).cast::<c_void>();
    let attribute = CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
    // SAFETY: the attribute is a u64, which outlives the call.
    unsafe { mem_pool::set_attribute(pool(device)?, attribute, value) }.w()
}

/// The most bytes that tensors on the device have held at once, since this was last asked.
pub(in crate::model) fn take_peak_memory(device: &Device) -> Result<Option<u64>> {
    let Device::Cuda(device) = device else { return Ok(None) };
    let (pool, attribute) = (pool(device)?, CUmemPool_attribute::CU_MEMPOOL_ATTR_USED_MEM_HIGH);
    let (mut bytes, mut none) = (0_u64, 0_u64);
    // SAFETY: the attribute is a u64, which outlives the calls; writing 0 to it starts anew.
    unsafe {
        mem_pool::get_attribute(pool, attribute, (&raw mut bytes).cast::<c_void>()).w()?;
        mem_pool::set_attribute(pool, attribute, (&raw mut none).cast::<c_void>()).w()?;
    }
    Ok(Some(bytes))
}

/// Where the tensors of this device are allocated.
fn pool(device: &CudaDevice) -> Result<CUmemoryPool> {
    let ordinal = device.cuda_stream().context().ordinal() as i32;
    // SAFETY: the device is the one of an existing context.
    unsafe { device::get_default_mem_pool(device::get(ordinal).w()?) }.w()
}

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};

use super::{ExperimentError, durable};

/// Writes named tensors of `f32` or `f64` and one entry of metadata, all or nothing.
///
/// One entry, because the crate keeps several in no order, and the same run is to write the same bytes.
pub(super) fn save(
    file: &Path,
    (key, text): (&str, String),
    tensors: &[(String, Tensor)],
) -> Result<(), ExperimentError> {
    let mut stored = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let shape = tensor.dims().to_vec();
        let flat = tensor.to_device(&Device::Cpu)?.flatten_all()?;
        let (dtype, bytes): (_, Vec<u8>) = if flat.dtype() == DType::F64 {
            (Dtype::F64, flat.to_vec1::<f64>()?.into_iter().flat_map(f64::to_le_bytes).collect())
        } else {
            (Dtype::F32, flat.to_vec1::<f32>()?.into_iter().flat_map(f32::to_le_bytes).collect())
        };
        stored.push((name, dtype, shape, bytes));
    }
    let views = stored.iter().map(|(name, dtype, shape, bytes)| {
        (name, TensorView::new(*dtype, shape.clone(), bytes).expect("the bytes are those of the shape"))
    });
    let bytes = serialize(views, Some(HashMap::from([(key.to_owned(), text)]))).expect("every name is there once");
    durable::write(file, &bytes)
}

/// What [`save`] has written.
pub(super) struct TensorFile {
    pub(super) text: String,
    /// On the processor.
    pub(super) tensors: BTreeMap<String, Tensor>,
}

/// Reads a file, if there is one, with the entry of metadata that it must have.
pub(super) fn load(file: &Path, key: &str) -> Result<Option<TensorFile>, ExperimentError> {
    let Some(bytes) = durable::read(file)? else { return Ok(None) };
    let fail = |reason: String| ExperimentError::State { file: file.to_owned(), reason };
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| fail(error.to_string()))?;
    let text = header.metadata().as_ref().and_then(|all| all.get(key)).cloned();
    let text = text.ok_or_else(|| fail(format!("there is no `{key}` in its metadata")))?;
    let mut tensors = BTreeMap::new();
    for (name, view) in SafeTensors::deserialize(&bytes).map_err(|error| fail(error.to_string()))?.iter() {
        let tensor = match view.dtype() {
            Dtype::F32 => {
                let values = view.data().as_chunks().0.iter().map(|x| f32::from_le_bytes(*x)).collect();
                Tensor::from_vec::<_, f32>(values, view.shape(), &Device::Cpu)?
            }
            Dtype::F64 => {
                let values = view.data().as_chunks().0.iter().map(|x| f64::from_le_bytes(*x)).collect();
                Tensor::from_vec::<_, f64>(values, view.shape(), &Device::Cpu)?
            }
            other => return Err(fail(format!("tensor {name} is {other:?}, expected F32 or F64"))),
        };
        tensors.insert(name.to_owned(), tensor);
    }
    Ok(Some(TensorFile { text, tensors }))
}

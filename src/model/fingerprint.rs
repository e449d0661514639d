use super::{Checkpoint, Fnv1a, ModelError};

/// Bytes at either end of a tensor that are read.
const END: usize = 2048;

impl Checkpoint {
    /// What tells this checkpoint from others: a hash of its configuration and tokenizer, of the name,
    /// type, shape and place of each tensor, and of the first and last two KiB of each.
    ///
    /// Cheap, since it reads some KiB of each tensor: one step of training changes it, and so does an edit
    /// of one matrix as a whole. An edit that spares both ends of every tensor goes unseen.
    ///
    /// # Errors
    /// A file cannot be read; weights that are freshly initialised have none.
    ///
    /// # Example
    /// ```
    /// use ropelet::model::Checkpoint;
    ///
    /// let checkpoint = Checkpoint::open("tests/data/llama")?;
    /// assert_eq!(checkpoint.fingerprint()?, Checkpoint::open("tests/data/llama")?.fingerprint()?);
    /// # Ok::<(), ropelet::model::ModelError>(())
    /// ```
    pub fn fingerprint(&self) -> Result<String, ModelError> {
        let mut hash = Fnv1a::default();
        self.read_small_files(&mut |bytes| {
            hash.add_number(bytes.len() as u64);
            hash.add(bytes);
        })?;
        let files = self.weights().files(self.folder())?;
        for tensor in files.names() {
            let (_, info) = files.find(tensor).expect("it is one of its names");
            let (start, end) = info.data_offsets;
            let length = end - start;
            hash.add(format!("{tensor} {} {:?} {start} {end}\n", info.dtype, info.shape).as_bytes());
            hash.add(&files.bytes(tensor, 0..length.min(END))?);
            hash.add(&files.bytes(tensor, length - length.min(END)..length)?);
        }
        Ok(hash.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn one_changed_weight_and_one_changed_setting_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["config.json", "model.safetensors", "tokenizer.json"] {
            fs::copy(Path::new("tests/data/llama").join(file), folder.path().join(file)).unwrap();
        }
        let fingerprint = || Checkpoint::open(folder.path()).unwrap().fingerprint().unwrap();
        let first = fingerprint();
        assert_eq!(first, Checkpoint::open("tests/data/llama").unwrap().fingerprint().unwrap());
        let weights = folder.path().join("model.safetensors");
        let mut bytes = fs::read(&weights).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&weights, &bytes).unwrap();
        let second = fingerprint();
        assert_ne!(first, second);
        let config = folder.path().join("config.json");
        let text = fs::read_to_string(&config).unwrap();
        fs::write(&config, text + "\n").unwrap();
        assert_ne!(second, fingerprint());
    }
}

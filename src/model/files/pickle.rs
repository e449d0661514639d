//! The part of Python's pickle format in which PyTorch writes a dictionary of tensors.
//!
//! A pickle is a program for a stack machine that may call any function it names. This reader knows
//! the five names below and nothing else; it calls nothing, and a file that names anything else is
//! refused before it is read to its end. Values live in one table and refer to each other by number:
//! what a file repeats is not copied, so memory grows with the file and not with what it spells out.
//!
//! candle's reader does neither: an unknown name becomes a value, values are copied when they are
//! repeated (thirty nested pairs are a billion values), nesting is dropped by recursion, a string's
//! length is allocated unseen, and some argument lists that are too short are a panic.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use safetensors::tensor::Dtype;

use crate::model::ModelError;

/// More axes than any tensor has, so that a shape that is repeated by number stays small.
const MAX_AXES: usize = 32;

/// A tensor as the pickle describes it; its numbers are elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pickled {
    pub(super) dtype: Dtype,
    /// The name of the storage that holds its numbers, and how many that has.
    pub(super) storage: String,
    pub(super) numbers: u64,
    /// The first number of the tensor in the storage.
    pub(super) offset: u64,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<usize>,
}

/// The tensors of a pickled dictionary, by name.
pub(super) fn tensors(path: &Path, pickle: &[u8]) -> Result<BTreeMap<String, Pickled>, ModelError> {
    let mut machine =
        Machine { path, pickle, at: 0, values: Vec::new(), stack: Vec::new(), marks: Vec::new(), memo: HashMap::new() };
    while machine.step()? {}
    machine.tensors()
}

/// A value's place in the table.
type Id = usize;

#[derive(Debug)]
enum Value {
    None,
    Bool,
    Whole(i64),
    Text(String),
    Tuple(Vec<Id>),
    Dictionary(Vec<(Id, Id)>),
    Name(Name),
    Storage { dtype: Dtype, key: Id, numbers: u64 },
    Tensor { storage: Id, offset: u64, shape: Vec<usize>, strides: Vec<usize> },
}

/// The names that a pickle may use.
#[derive(Debug, Clone, Copy)]
enum Name {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Storage(Dtype),
}

impl Name {
    fn of(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("collections", "OrderedDict") => Self::OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2") => Self::RebuildTensor,
            ("torch._utils", "_rebuild_parameter") => Self::RebuildParameter,
            ("torch", storage) => Self::Storage(match storage.strip_suffix("Storage")? {
                "Double" => Dtype::F64,
                "Float" => Dtype::F32,
                "Half" => Dtype::F16,
                "BFloat16" => Dtype::BF16,
                "Long" => Dtype::I64,
                "Int" => Dtype::I32,
                "Short" => Dtype::I16,
                "Char" => Dtype::I8,
                "Byte" => Dtype::U8,
                "Bool" => Dtype::BOOL,
                _ => return None,
            }),
            _ => return None,
        })
    }
}

struct Machine<'a> {
    path: &'a Path,
    pickle: &'a [u8],
    at: usize,
    values: Vec<Value>,
    stack: Vec<Id>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl Machine<'_> {
    fn error(&self, reason: impl Into<String>) -> ModelError {
        ModelError::Pickle { file: self.path.to_owned(), at: self.at, reason: reason.into() }
    }

    /// The next bytes of the file, where it has that many.
    fn take(&mut self, count: usize) -> Result<&[u8], ModelError> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.pickle.len());
        let Some(end) = end else { return Err(self.error(format!("{count} more bytes expected, the pickle ends"))) };
        let bytes = &self.pickle[self.at..end];
        self.at = end;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ModelError> {
        Ok(*self.take(N)?.first_chunk().expect("as many bytes as were asked for"))
    }

    fn line(&mut self) -> Result<String, ModelError> {
        let rest = &self.pickle[self.at..];
        let Some(length) = rest.iter().position(|byte| *byte == b'\n') else {
            return Err(self.error("a name has no end"));
        };
        let line = String::from_utf8_lossy(&rest[..length]).trim_end_matches('\r').to_owned();
        self.at += length + 1;
        Ok(line)
    }

    fn push(&mut self, value: Value) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    fn pop(&mut self) -> Result<Id, ModelError> {
        // What is below the last mark belongs to whoever set it.
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err(self.error("a value is taken from an empty stack"));
        }
        Ok(self.stack.pop().expect("the stack is higher than its floor"))
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>, ModelError> {
        let Some(mark) = self.marks.pop() else { return Err(self.error("there is no mark on the stack")) };
        Ok(self.stack.split_off(mark))
    }

    /// Runs one instruction; false after the last.
    fn step(&mut self) -> Result<bool, ModelError> {
        let [code] = self.array()?;
        match code {
            // PROTO
            0x80 => match self.array()? {
                [2] => {}
                [version] => return Err(self.error(format!("pickle protocol {version}, expected 2"))),
            },
            // STOP
            b'.' => return Ok(false),
            // GLOBAL
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                let Some(known) = Name::of(&module, &name) else {
                    return Err(ModelError::UnknownGlobal {
                        file: self.path.to_owned(),
                        name: format!("{module}.{name}"),
                    });
                };
                self.push(Value::Name(known));
            }
            // NONE, NEWTRUE, NEWFALSE
            b'N' => self.push(Value::None),
            0x88 | 0x89 => self.push(Value::Bool),
            // BININT, BININT1, BININT2, LONG1
            b'J' => {
                let number = i32::from_le_bytes(self.array()?);
                self.push(Value::Whole(number.into()));
            }
            b'K' => {
                let [number] = self.array()?;
                self.push(Value::Whole(number.into()));
            }
            b'M' => {
                let number = u16::from_le_bytes(self.array()?);
                self.push(Value::Whole(number.into()));
            }
            0x8a => {
                let number = self.long()?;
                self.push(Value::Whole(number));
            }
            // BINUNICODE
            b'X' => {
                let length = u32::from_le_bytes(self.array()?) as usize;
                let text = self.take(length)?.to_vec();
                let text = String::from_utf8(text).map_err(|_| self.error("a string is not UTF-8"))?;
                self.push(Value::Text(text));
            }
            // MARK
            b'(' => self.marks.push(self.stack.len()),
            // EMPTY_TUPLE, TUPLE, TUPLE1, TUPLE2, TUPLE3
            b')' => self.push(Value::Tuple(Vec::new())),
            b't' => {
                let items = self.pop_to_mark()?;
                self.push(Value::Tuple(items));
            }
            0x85..=0x87 => {
                let mut items =
                    (0..usize::from(code - 0x84)).map(|_| self.pop()).collect::<Result<Vec<_>, ModelError>>()?;
                items.reverse();
                self.push(Value::Tuple(items));
            }
            // EMPTY_DICT, SETITEM, SETITEMS
            b'}' => self.push(Value::Dictionary(Vec::new())),
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set(&items)?;
            }
            // BINPUT, LONG_BINPUT, BINGET, LONG_BINGET
            b'q' | b'r' => {
                let key = self.memo_key(code == b'r')?;
                let Some(top) = self.stack.last() else { return Err(self.error("nothing to remember")) };
                self.memo.insert(key, *top);
            }
            b'h' | b'j' => {
                let key = self.memo_key(code == b'j')?;
                let Some(id) = self.memo.get(&key) else {
                    return Err(self.error(format!("nothing remembered as {key}")));
                };
                self.stack.push(*id);
            }
            // BINPERSID
            b'Q' => {
                let id = self.pop()?;
                let storage = self.storage(id)?;
                self.push(storage);
            }
            // REDUCE
            b'R' => {
                let (arguments, callable) = (self.pop()?, self.pop()?);
                self.reduce(callable, arguments)?;
            }
            // BUILD: attributes of the dictionary, such as the versions of its modules.
            b'b' => {
                let (attributes, object) = (self.pop()?, self.pop()?);
                let dictionary = |id: Id| matches!(self.values[id], Value::Dictionary(_));
                if !dictionary(attributes) || !dictionary(object) {
                    return Err(self.error("attributes of something other than a dictionary"));
                }
                self.stack.push(object);
            }
            other => {
                return Err(self.error(format!("instruction {other:#04x} has no place in a dictionary of tensors")));
            }
        }
        Ok(true)
    }

    fn long(&mut self) -> Result<i64, ModelError> {
        let [length] = self.array()?;
        let bytes = self.take(length.into())?;
        if bytes.len() > 8 {
            return Err(self.error("a number has more than 64 bits"));
        }
        // Two's complement, little-endian; none at all is zero.
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut all = [if negative { 0xff } else { 0 }; 8];
        all[..bytes.len()].copy_from_slice(bytes);
        Ok(i64::from_le_bytes(all))
    }

    fn memo_key(&mut self, long: bool) -> Result<u32, ModelError> {
        Ok(if long { u32::from_le_bytes(self.array()?) } else { u8::from_le_bytes(self.array()?).into() })
    }

    /// Puts pairs of key and value into the dictionary on top of the stack.
    fn set(&mut self, items: &[Id]) -> Result<(), ModelError> {
        let (pairs, odd) = items.as_chunks::<2>();
        match self.stack.last().map(|top| &mut self.values[*top]) {
            Some(Value::Dictionary(entries)) if odd.is_empty() => {
                entries.extend(pairs.iter().map(|[key, value]| (*key, *value)));
                Ok(())
            }
            _ => Err(self.error("items without a dictionary to go to")),
        }
    }

    /// The storage that `("storage", type, key, device, numbers)` means.
    fn storage(&self, id: Id) -> Result<Value, ModelError> {
        if let Value::Tuple(items) = &self.values[id]
            && let [kind, dtype, key, _device, numbers] = items[..]
            && matches!(&self.values[kind], Value::Text(kind) if kind == "storage")
            && let Value::Name(Name::Storage(dtype)) = self.values[dtype]
            // A number, so that what is repeated into each tensor is short.
            && matches!(&self.values[key], Value::Text(key) if key.len() < 20 && key.bytes().all(|c| c.is_ascii_digit()))
            && let Some(numbers) = self.count(numbers)
        {
            return Ok(Value::Storage { dtype, key, numbers: numbers as u64 });
        }
        Err(self.error("a storage is not (\"storage\", type, number of a file, device, count)"))
    }

    /// What the call of a known name would give; nothing is called.
    fn reduce(&mut self, callable: Id, arguments: Id) -> Result<(), ModelError> {
        let (Value::Name(name), Value::Tuple(arguments)) = (&self.values[callable], &self.values[arguments]) else {
            return Err(self.error("something other than a name is called"));
        };
        let value = match (*name, &arguments[..]) {
            (Name::OrderedDict, []) => Value::Dictionary(Vec::new()),
            // The tensor itself, requires_grad, hooks.
            (Name::RebuildParameter, [tensor, _, _]) if matches!(self.values[*tensor], Value::Tensor { .. }) => {
                let tensor = *tensor;
                self.stack.push(tensor);
                return Ok(());
            }
            // requires_grad and hooks again follow, and on rare occasions metadata.
            (Name::RebuildTensor, [storage, offset, shape, strides, _, _, ..]) => {
                let (shape, strides) = (self.counts(*shape)?, self.counts(*strides)?);
                let offset = self.count(*offset);
                let (Some(offset), Value::Storage { .. }) = (offset, &self.values[*storage]) else {
                    return Err(self.error("a tensor has no storage"));
                };
                if shape.len() != strides.len() {
                    return Err(self.error("a tensor has as many sizes as strides"));
                }
                Value::Tensor { storage: *storage, offset: offset as u64, shape, strides }
            }
            _ => return Err(self.error(format!("{name:?} with arguments that it does not take"))),
        };
        self.push(value);
        Ok(())
    }

    fn count(&self, id: Id) -> Option<usize> {
        match self.values[id] {
            Value::Whole(number) => usize::try_from(number).ok(),
            _ => None,
        }
    }

    fn counts(&self, id: Id) -> Result<Vec<usize>, ModelError> {
        let Value::Tuple(items) = &self.values[id] else { return Err(self.error("a shape is not a tuple")) };
        if items.len() > MAX_AXES {
            return Err(self.error(format!("a tensor has {} axes, expected at most {MAX_AXES}", items.len())));
        }
        let counts = items.iter().map(|item| self.count(*item)).collect::<Option<_>>();
        counts.ok_or_else(|| self.error("a size is not a whole number"))
    }

    /// What is left on the stack: a dictionary from names to tensors.
    fn tensors(&mut self) -> Result<BTreeMap<String, Pickled>, ModelError> {
        let top = self.pop()?;
        let Value::Dictionary(entries) = &self.values[top] else {
            return Err(self.error("the file does not hold a dictionary"));
        };
        let mut tensors = BTreeMap::new();
        for (key, value) in entries {
            let Value::Text(name) = &self.values[*key] else { return Err(self.error("a key is not a string")) };
            let Value::Tensor { storage, offset, shape, strides } = &self.values[*value] else {
                return Err(self.error(format!("`{name}` is not a tensor")));
            };
            let Value::Storage { dtype, key, numbers } = &self.values[*storage] else {
                unreachable!("checked when the tensor was made");
            };
            let Value::Text(storage) = &self.values[*key] else {
                unreachable!("checked when the storage was made");
            };
            let pickled = Pickled {
                dtype: *dtype,
                storage: storage.clone(),
                numbers: *numbers,
                offset: *offset,
                shape: shape.clone(),
                strides: strides.clone(),
            };
            // As for JSON: readers keep one of the two without a word.
            if tensors.insert(name.clone(), pickled).is_some() {
                return Err(self.error(format!("the key `{name}` appears twice")));
            }
        }
        Ok(tensors)
    }
}

//! One operation with its tensors on a device, in this project's version or burn's.

use burn::tensor::{Device, Tensor};
use latino_web::engine::transfer::upload;
use latino_web::ops::{self, Conv, Weight};
use latino_web::{Error, Result};
use serde::Deserialize;
use wasm_bindgen::JsValue;

use crate::files::{optional, tensor};
use crate::stock;

/// Sizes as `bench/ops.py` writes them; those of other kinds are 0.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub struct Sizes {
    pub side: usize,
    pub stride: usize,
    pub padding: usize,
    pub heads: usize,
    pub groups: usize,
}

/// An operation that is ready to run.
pub enum Operation {
    Conv(Tensor<4>, Weight, Option<Tensor<1>>, Sizes),
    StockConv(Tensor<4>, Tensor<4>, Option<Tensor<1>>, Sizes),
    Linear(Tensor<3>, Weight, Option<Tensor<1>>),
    StockLinear(Tensor<3>, Tensor<2>, Option<Tensor<1>>),
    Attention([Tensor<3>; 3], usize),
    /// With SiLU.
    GroupNorm(Tensor<4>, Tensor<1>, Tensor<1>, usize),
}

impl Operation {
    /// Puts `kind`'s tensors on the device. Linear weights are turned for burn, which keeps them `[in, out]`.
    pub fn new(
        kind: &str,
        s: Sizes,
        given: &JsValue,
        stock: bool,
        device: &Device,
    ) -> Result<Self> {
        let bias = || {
            let b = optional(given, "b")?;
            b.map(|b| upload(&b, device)).transpose()
        };
        Ok(match kind {
            "conv" => {
                let x = upload(&tensor(given, "x")?, device)?;
                let w: Tensor<4> = upload(&tensor(given, "w")?, device)?;
                match stock {
                    true => Self::StockConv(x, w, bias()?, s),
                    false => Self::Conv(x, w.into(), bias()?, s),
                }
            }
            "linear" => {
                let (x, w) = (tensor(given, "x")?, tensor(given, "w")?);
                let x = upload(&x, device)?;
                match stock {
                    true => Self::StockLinear(x, upload(&transposed(&w)?, device)?, bias()?),
                    false => Self::Linear(x, upload::<2>(&w, device)?.into(), bias()?),
                }
            }
            "attention" => {
                let get = |name| upload(&tensor(given, name)?, device);
                Self::Attention([get("q")?, get("k")?, get("v")?], s.heads)
            }
            "group_norm" => Self::GroupNorm(
                upload(&tensor(given, "x")?, device)?,
                upload(&tensor(given, "w")?, device)?,
                upload(&tensor(given, "b")?, device)?,
                s.groups,
            ),
            _ => return Err(Error::invalid(format!("unknown operation {kind}"))),
        })
    }

    /// The result as a vector.
    pub fn run(&self, stock: bool) -> Tensor<1> {
        match self {
            Self::StockConv(x, w, b, s) => flat(stock::conv(x, w, b.as_ref(), s)),
            Self::Conv(x, w, b, s) => {
                let conv = Conv {
                    stride: s.stride,
                    padding: [s.padding; 4],
                };
                flat(ops::conv2d(x.clone(), w, b.as_ref(), conv))
            }
            Self::StockLinear(x, w, b) => flat(stock::linear(x, w, b.as_ref())),
            Self::Linear(x, w, b) => flat(ops::linear(x.clone(), w, b.as_ref())),
            Self::Attention([q, k, v], heads) if stock => flat(stock::attention(q, k, v, *heads)),
            Self::Attention([q, k, v], heads) => flat(ops::attention(
                q.clone(),
                k.clone(),
                v.clone(),
                *heads,
                false,
            )),
            Self::GroupNorm(x, w, b, groups) if stock => flat(stock::group_norm(x, w, b, *groups)),
            Self::GroupNorm(x, w, b, groups) => {
                flat(ops::group_norm(x.clone(), *groups, w, b, 1e-5, true))
            }
        }
    }
}

fn flat<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let n: usize = x.dims().iter().product();
    x.reshape([n])
}

/// `[out, in]` to `[in, out]`.
fn transposed(w: &latino_web::HostTensor) -> Result<latino_web::HostTensor> {
    let [n, k] = *w.shape() else {
        return Err(Error::shape("a linear weight has two dimensions"));
    };
    let data = (0..k * n).map(|i| w.data()[(i % n) * k + i / n]).collect();
    latino_web::HostTensor::new(vec![k, n], data)
}

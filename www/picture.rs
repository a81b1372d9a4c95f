//! Pictures in and out of the browser: decode, crop, scale, paint, save.

use latino_web::protocol::Rgba;
use leptos::prelude::*;
use wasm_bindgen::{Clamped, JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, CanvasRenderingContext2d, HtmlAnchorElement, HtmlCanvasElement, HtmlImageElement,
    ImageBitmap, ImageBitmapOptions, ImageData, ResizeQuality,
};

use crate::state::Problem;
use crate::text;

/// Largest file taken, in bytes.
const MAX_BYTES: f64 = 40e6;
/// Largest picture taken, in pixels.
const MAX_PIXELS: f64 = 50e6;
/// Pictures with more pixels are scaled down to about this many while they are decoded: no model needs more.
const KEPT_PIXELS: f64 = 6e6;

/// Which square of a picture is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crop {
    /// Side as a share of the picture's shorter one, above 0 up to 1.
    pub side: f64,
    /// Where it is between the left (0) and the right end (1).
    pub x: f64,
    /// Where it is between top (0) and bottom (1).
    pub y: f64,
    /// The whole picture instead, with white margins.
    pub whole: bool,
}

impl Default for Crop {
    fn default() -> Self {
        Self {
            side: 1.0,
            x: 0.5,
            y: 0.5,
            whole: false,
        }
    }
}

impl Crop {
    /// Left, top and side of the square in a picture of width `w` and height `h`; for the whole picture the square
    /// reaches over its shorter sides.
    pub fn square(&self, w: f64, h: f64) -> (f64, f64, f64) {
        if self.whole {
            let side = w.max(h);
            return ((w - side) / 2.0, (h - side) / 2.0, side);
        }
        let side = (w.min(h) * self.side).round().max(1.0);
        let at = |share: f64, slack: f64| (share.clamp(0.0, 1.0) * slack).floor();
        (at(self.x, w - side), at(self.y, h - side), side)
    }
}

/// The visitor's picture, decoded and upright.
#[derive(Clone)]
pub struct Source {
    /// What of it is used.
    pub crop: Crop,
    /// Its name.
    pub name: String,
    /// Width and height of the file's picture, in pixels.
    size: (u32, u32),
    bitmap: ImageBitmap,
}

/// Width and height of a picture file, upright. Browsers read only the file's head for it, and decode when
/// the picture is drawn: so a picture that is too large is refused before it takes memory.
async fn header_size(blob: &Blob) -> Result<(u32, u32), JsValue> {
    let url = web_sys::Url::create_object_url_with_blob(blob)?;
    let image = HtmlImageElement::new()?;
    let loaded = js_sys::Promise::new(&mut |resolve, reject| {
        image.set_onload(Some(&resolve));
        image.set_onerror(Some(&reject));
    });
    image.set_src(&url);
    let result = JsFuture::from(loaded).await;
    let size = (image.natural_width(), image.natural_height());
    image.set_src("");
    web_sys::Url::revoke_object_url(&url)?;
    result?;
    if size.0 == 0 || size.1 == 0 {
        return Err(JsValue::NULL);
    }
    Ok(size)
}

/// Decodes a file whose picture has that size; large ones are scaled down on the way.
async fn bitmap(blob: &Blob, size: (u32, u32)) -> Result<ImageBitmap, JsValue> {
    let pixels = f64::from(size.0) * f64::from(size.1);
    if pixels > KEPT_PIXELS {
        let options = ImageBitmapOptions::new();
        // The height follows, which stays right however a browser orders turning and scaling.
        let width = f64::from(size.0) * (KEPT_PIXELS / pixels).sqrt();
        options.set_resize_width(width.round().max(1.0) as u32);
        options.set_resize_quality(ResizeQuality::High);
        let promise =
            window().create_image_bitmap_with_blob_and_image_bitmap_options(blob, &options);
        if let Ok(promise) = promise
            && let Ok(bitmap) = JsFuture::from(promise).await
        {
            return bitmap.dyn_into();
        }
        // A browser that cannot scale while it decodes.
    }
    JsFuture::from(window().create_image_bitmap_with_blob(blob)?)
        .await?
        .dyn_into()
}

fn broken(_: JsValue) -> Problem {
    Problem::new(text::NO_CANVAS)
}

impl Source {
    /// Decodes a picture. EXIF orientation is honoured, as `createImageBitmap` does by default.
    pub async fn decode(blob: &Blob, name: &str) -> Result<Self, Problem> {
        if blob.size() > MAX_BYTES {
            return Err(Problem::new(text::file_too_big(
                name,
                blob.size(),
                MAX_BYTES,
            )));
        }
        let size = header_size(blob)
            .await
            .map_err(|_| Problem::new(text::unreadable(name)))?;
        let pixels = f64::from(size.0) * f64::from(size.1);
        if pixels > MAX_PIXELS {
            return Err(Problem::new(text::too_many_pixels(
                name, pixels, MAX_PIXELS,
            )));
        }
        let bitmap = bitmap(blob, size)
            .await
            .map_err(|_| Problem::new(text::unreadable(name)))?;
        if bitmap.width() == 0 || bitmap.height() == 0 {
            return Err(Problem::new(text::unreadable(name)));
        }
        Ok(Self {
            name: name.to_owned(),
            size,
            crop: Crop::default(),
            bitmap,
        })
    }

    /// A picture of pixels that are known already: its square at its own size is exactly they.
    pub async fn from_picture(picture: &Rgba, name: &str) -> Result<Self, Problem> {
        let bitmap = async {
            let data = ImageData::new_with_u8_clamped_array_and_sh(
                Clamped(&picture.bytes),
                picture.width,
                picture.height,
            )?;
            JsFuture::from(window().create_image_bitmap_with_image_data(&data)?)
                .await?
                .dyn_into::<ImageBitmap>()
        };
        Ok(Self {
            name: name.to_owned(),
            size: (picture.width, picture.height),
            crop: Crop::default(),
            bitmap: bitmap.await.map_err(broken)?,
        })
    }

    /// Fetches a picture of this site and decodes it.
    pub async fn fetch(url: &str, name: &str) -> Result<Self, Problem> {
        let blob = async {
            let response: web_sys::Response = JsFuture::from(window().fetch_with_str(url))
                .await?
                .dyn_into()?;
            if !response.ok() {
                return Err(JsValue::NULL);
            }
            JsFuture::from(response.blob()?).await?.dyn_into::<Blob>()
        }
        .await
        .map_err(|_| Problem::new(text::sample_missing(name)))?;
        Self::decode(&blob, name).await
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Side of the square that is used, in pixels of the file's picture.
    pub fn crop_side(&self) -> u32 {
        let (w, h) = self.size;
        self.crop.square(f64::from(w), f64::from(h)).2 as u32
    }

    /// The square that is used: left, top, side, in pixels of the bitmap.
    fn square_of_bitmap(&self) -> (f64, f64, f64) {
        let (w, h) = (self.bitmap.width(), self.bitmap.height());
        self.crop.square(f64::from(w), f64::from(h))
    }

    /// A picture of a camera's, as it is seen now.
    pub async fn of_video(video: &web_sys::HtmlVideoElement, name: &str) -> Result<Self, Problem> {
        let bitmap = async {
            let promise = window().create_image_bitmap_with_html_video_element(video)?;
            JsFuture::from(promise).await?.dyn_into::<ImageBitmap>()
        };
        let bitmap = bitmap.await.map_err(broken)?;
        Ok(Self {
            name: name.to_owned(),
            size: (bitmap.width(), bitmap.height()),
            crop: Crop::default(),
            bitmap,
        })
    }

    /// The square that is used at `side` x `side` pixels, on white where it is transparent.
    pub fn square(&self, side: u32) -> Result<Rgba, Problem> {
        let (x, y, crop) = self.square_of_bitmap();
        // Halved until at most twice too big: browsers differ in how they filter larger reductions.
        let mut now = crop as u32;
        let mut canvas = if now > 2 * side {
            (now / 2).max(1)
        } else {
            side
        };
        let (mut from, context) = blank(canvas)?;
        context
            .draw_image_with_image_bitmap_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
                &self.bitmap,
                x,
                y,
                crop,
                crop,
                0.0,
                0.0,
                f64::from(canvas),
                f64::from(canvas),
            )
            .map_err(broken)?;
        let mut last = context;
        while canvas != side {
            now = canvas;
            canvas = if now > 2 * side { now / 2 } else { side };
            let (to, context) = blank(canvas)?;
            let whole = f64::from(canvas);
            context
                .draw_image_with_html_canvas_element_and_dw_and_dh(&from, 0.0, 0.0, whole, whole)
                .map_err(broken)?;
            (from, last) = (to, context);
        }
        let data = last
            .get_image_data(0.0, 0.0, f64::from(side), f64::from(side))
            .map_err(broken)?;
        Ok(Rgba {
            width: side,
            height: side,
            bytes: data.data().0,
        })
    }

    /// The whole picture, pixel by pixel, on black where it is transparent. Only for small ones: larger than
    /// some megapixels they have been scaled on the way in.
    pub fn exact(&self) -> Result<Rgba, Problem> {
        let (w, h) = (self.bitmap.width(), self.bitmap.height());
        let (canvas, context) = blank(w.max(h))?;
        canvas.set_width(w);
        canvas.set_height(h);
        context.set_fill_style_str("#000");
        context.fill_rect(0.0, 0.0, f64::from(w), f64::from(h));
        context
            .draw_image_with_image_bitmap(&self.bitmap, 0.0, 0.0)
            .map_err(broken)?;
        let data = context
            .get_image_data(0.0, 0.0, f64::from(w), f64::from(h))
            .map_err(broken)?;
        Ok(Rgba {
            width: w,
            height: h,
            bytes: data.data().0,
        })
    }

    /// Draws the whole picture at most `box_side` pixels large, what the crop leaves out dimmed.
    pub fn paint_crop(&self, canvas: &HtmlCanvasElement, box_side: f64) {
        let (w, h) = (
            f64::from(self.bitmap.width()),
            f64::from(self.bitmap.height()),
        );
        let scale = box_side / w.max(h);
        canvas.set_width((w * scale).round().max(1.0) as u32);
        canvas.set_height((h * scale).round().max(1.0) as u32);
        let Some(context) = context(canvas) else {
            return;
        };
        let (cw, ch) = (f64::from(canvas.width()), f64::from(canvas.height()));
        let (x, y, side) = self.square_of_bitmap();
        let (x, y, side) = (x * scale, y * scale, side * scale);
        let draw = || {
            context
                .draw_image_with_image_bitmap_and_dw_and_dh(&self.bitmap, 0.0, 0.0, cw, ch)
                .ok();
        };
        draw();
        context.set_fill_style_str("rgba(0, 0, 0, 0.62)");
        context.fill_rect(0.0, 0.0, x, ch);
        context.fill_rect(x + side, 0.0, cw - x - side, ch);
        context.fill_rect(x, 0.0, side, y);
        context.fill_rect(x, y + side, side, ch - y - side);
    }
}

fn context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok().flatten()?.dyn_into().ok()
}

fn canvas_element() -> Option<HtmlCanvasElement> {
    document().create_element("canvas").ok()?.dyn_into().ok()
}

/// A white square canvas.
fn blank(side: u32) -> Result<(HtmlCanvasElement, CanvasRenderingContext2d), Problem> {
    let canvas = canvas_element().ok_or_else(|| Problem::new(text::NO_CANVAS))?;
    canvas.set_width(side);
    canvas.set_height(side);
    let context = context(&canvas).ok_or_else(|| Problem::new(text::NO_CANVAS))?;
    context.set_fill_style_str("#fff");
    context.fill_rect(0.0, 0.0, f64::from(side), f64::from(side));
    Ok((canvas, context))
}

/// Puts a picture on a canvas, which takes the picture's size.
pub fn paint(canvas: &HtmlCanvasElement, picture: &Rgba) {
    if canvas.width() != picture.width || canvas.height() != picture.height {
        canvas.set_width(picture.width);
        canvas.set_height(picture.height);
    }
    let data = ImageData::new_with_u8_clamped_array_and_sh(
        Clamped(&picture.bytes),
        picture.width,
        picture.height,
    );
    if let (Some(context), Ok(data)) = (context(canvas), data) {
        context.put_image_data(&data, 0.0, 0.0).ok();
    }
}

/// Offers a picture as a PNG download. False when the browser cannot make one.
pub fn save(picture: &Rgba, file: &str) -> bool {
    let Some(canvas) = canvas_element() else {
        return false;
    };
    paint(&canvas, picture);
    let file = file.to_owned();
    let done = Closure::once_into_js(move |blob: Option<Blob>| {
        if let Some(blob) = blob {
            offer(&blob, &file);
        }
    });
    canvas.to_blob(done.unchecked_ref()).is_ok()
}

/// Offers text as a download. False when the browser cannot.
pub fn save_text(text: &str, kind: &str, file: &str) -> bool {
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(kind);
    Blob::new_with_str_sequence_and_options(&parts, &options).is_ok_and(|blob| offer(&blob, file))
}

/// Offers bytes as a download. False when the browser cannot.
pub fn save_bytes(bytes: &[u8], kind: &str, file: &str) -> bool {
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes));
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(kind);
    Blob::new_with_u8_array_sequence_and_options(&parts, &options)
        .is_ok_and(|blob| offer(&blob, file))
}

/// The bytes of a file.
pub async fn read_file(file: &web_sys::File) -> Result<Vec<u8>, Problem> {
    let unreadable = |_| Problem::new(text::unreadable_file(&file.name()));
    let buffer = JsFuture::from(file.array_buffer()).await;
    Ok(js_sys::Uint8Array::new(&buffer.map_err(unreadable)?).to_vec())
}

/// Starts the download of a file. False when the browser cannot.
fn offer(blob: &Blob, file: &str) -> bool {
    let Ok(url) = web_sys::Url::create_object_url_with_blob(blob) else {
        return false;
    };
    let link = document()
        .create_element("a")
        .ok()
        .and_then(|a| a.dyn_into::<HtmlAnchorElement>().ok());
    let offered = link.is_some();
    if let Some(link) = link {
        link.set_href(&url);
        link.set_download(file);
        link.click();
    }
    // The download has started once this task ends; a minute is generous.
    set_timeout(
        move || {
            web_sys::Url::revoke_object_url(&url).ok();
        },
        std::time::Duration::from_secs(60),
    );
    offered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_square_lies_where_it_was_put_and_inside() {
        let centred = Crop::default();
        assert_eq!(centred.square(300.0, 200.0), (50.0, 0.0, 200.0));
        let corner = Crop {
            side: 0.5,
            x: 1.0,
            y: 0.0,
            whole: false,
        };
        assert_eq!(corner.square(300.0, 200.0), (200.0, 0.0, 100.0));
        let whole = Crop {
            whole: true,
            ..corner
        };
        assert_eq!(whole.square(300.0, 200.0), (0.0, -50.0, 300.0));
    }
}

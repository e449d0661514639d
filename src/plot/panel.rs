use std::cell::RefCell;
use std::fmt::Write;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{
    Cartesian2d, Circle, Color, DrawingArea, FontFamily, FontStyle, FontTransform, IntoDrawingArea, IntoFont,
    PathElement, RGBColor, Rectangle, SVGBackend, ShapeStyle, Text, TextStyle,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::Axis;
use super::theme::{
    COLOUR_STEPS, ColourMap, FAINT_INK, FONT, GRID, HAIR, INK, LABEL_SIZE, LINE, PAPER, TICK_SIZE, TITLE_SIZE, UNIT,
};

/// plotters passes on the errors of its backend; a string in memory has none.
const IN_MEMORY: &str = "drawing to memory cannot fail";

/// Room for the stroke before a name in a key.
const KEY_SWATCH: f64 = 18.0;

/// The sheet that a figure is drawn on.
///
/// Lengths are in CSS pixels, from the top left corner.
pub(super) struct Canvas<'a> {
    root: DrawingArea<SVGBackend<'a>, Shift>,
    /// Elements that plotters does not know, each in the place of a mark.
    own: RefCell<Vec<String>>,
}

/// A rectangle on the canvas: left, top, width and height in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame(pub(super) f64, pub(super) f64, pub(super) f64, pub(super) f64);

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    Left,
    Right,
    Below,
}

fn units(pixels: f64) -> i32 {
    (pixels * UNIT).round() as i32
}

fn stroke(colour: RGBColor, width: f64) -> ShapeStyle {
    colour.stroke_width(units(width) as u32)
}

fn text_style<'a>(size: f64, colour: RGBColor, anchor: Pos) -> TextStyle<'a> {
    // plotters divides by 1.24 what it is told, and calls the result the font size.
    (FontFamily::Name(FONT), size * UNIT * 1.24).into_font().color(&colour).pos(anchor)
}

impl<'s> Canvas<'s> {
    /// Draws on a sheet of this size and gives the SVG document, titled and described.
    ///
    /// `id` must be unique on any page that the figure is put on.
    pub(super) fn draw(
        (width, height): (f64, f64),
        id: &str,
        title: &str,
        description: &str,
        draw: impl FnOnce(&Canvas<'_>),
    ) -> String {
        let mut document = String::new();
        let own = {
            let size = (units(width) as u32, units(height) as u32);
            let root = SVGBackend::with_string(&mut document, size).into_drawing_area();
            let canvas = Canvas { root, own: RefCell::default() };
            canvas.root.fill(&PAPER).expect(IN_MEMORY);
            draw(&canvas);
            canvas.root.present().expect(IN_MEMORY);
            canvas.own.take()
        };
        // plotters writes the opening tag alone on the first line.
        let body = document.split_once('\n').map_or("", |(_, body)| body);
        let body = body.replace(" opacity=\"1\"", "").replace(" stroke=\"none\"", "").replace("\n</text>", "</text>");
        let body = own.iter().enumerate().fold(body, |body, (number, element)| {
            let mark = mark(number);
            let place = body.find(&mark).expect("each element has put its mark");
            let start = body[..place].rfind("<text").expect("a mark is a text");
            let end = place + mark.len() + "</text>".len();
            [&body[..start], element, &body[end..]].concat()
        });
        let (title, description) = (escape(title), escape(description));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"{id}\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{id}-title {id}-description\">\n\
             <title id=\"{id}-title\">{title}</title>\n<desc id=\"{id}-description\">{description}</desc>\n\
             <style>#{id} rect {{ shape-rendering: crispEdges }}</style>\n{body}",
            units(width),
            units(height),
        )
    }

    /// A panel with its axes drawn, its plotting area in `frame`.
    pub(super) fn panel(&self, frame: Frame, x: Axis, y: Axis) -> Panel<'_, 's> {
        Panel::new(self, frame, x, y)
    }

    /// A line of text at a point of the sheet.
    pub(super) fn text(&self, at: (f64, f64), text: &str, size: f64, colour: RGBColor, anchor: Anchor) {
        self.put(at, text, text_style(size, colour, anchor.position()));
    }

    /// A key to a colour map: a bar in `frame`, ticked on its right.
    pub(super) fn colour_bar(&self, frame: Frame, map: ColourMap, axis: &Axis) {
        let Frame(left, top, width, height) = frame;
        for step in 0..COLOUR_STEPS {
            let share = |edge: usize| top + height * (1.0 - edge as f64 / COLOUR_STEPS as f64);
            let corners = [(left, share(step + 1)), (left + width, share(step))];
            self.fill(corners, map.at(step as f64 / (COLOUR_STEPS - 1) as f64));
        }
        self.outline(frame);
        let range = axis.drawn_range();
        for (value, label) in axis.ticks() {
            let y = top + height * (range.end - axis.drawn(value)) / (range.end - range.start);
            self.rule((left + width, y), (left + width + 4.0, y), INK);
            self.text((left + width + 7.0, y), label, TICK_SIZE, INK, Anchor::Right);
        }
        let widest = axis.ticks().map(|(_, label)| width_of(label)).fold(0.0, f64::max);
        self.upright((left + width + widest + 26.0, top + height / 2.0), axis.label());
    }

    /// Puts an element of SVG where it is its turn to be drawn.
    fn element(&self, element: String) {
        let mut own = self.own.borrow_mut();
        self.put((0.0, 0.0), &mark(own.len()), text_style(TICK_SIZE, INK, Anchor::Below.position()));
        own.push(element);
    }

    /// A label along an upright axis, its baseline at this point.
    fn upright(&self, at: (f64, f64), text: &str) {
        let style = text_style(LABEL_SIZE, INK, Pos::new(HPos::Center, VPos::Bottom));
        self.put(at, text, style.transform(FontTransform::Rotate270));
    }

    /// A name along the left of what it belongs to, its baseline at this point.
    pub(super) fn upright_text(&self, at: (f64, f64), text: &str) {
        self.upright(at, text);
    }

    /// A filled disc.
    pub(super) fn dot(&self, (x, y): (f64, f64), colour: RGBColor) {
        self.root.draw(&Circle::new((units(x), units(y)), units(4.0), colour.filled())).expect(IN_MEMORY);
    }

    /// Half an ellipse from a point to the height `to` straight above or below it, bent to the right by `width`.
    pub(super) fn arc(&self, (x, from): (f64, f64), to: f64, width: f64, colour: RGBColor) {
        let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
        let points = (0..=48).map(|step| {
            let angle = std::f64::consts::PI * f64::from(step) / 48.0;
            (units(x + width * angle.sin()), units(middle - half * angle.cos()))
        });
        self.root.draw(&PathElement::new(points.collect::<Vec<_>>(), stroke(colour, 1.2))).expect(IN_MEMORY);
    }

    /// An upright line.
    pub(super) fn bracket(&self, x: f64, from: f64, to: f64) {
        self.rule((x, from), (x, to), FAINT_INK);
    }

    /// A key to the colours of lines, side by side from this point on.
    pub(super) fn key<'k>(&self, (mut x, y): (f64, f64), entries: impl IntoIterator<Item = (&'k str, RGBColor)>) {
        for (name, colour) in entries {
            self.key_entry((x, y), name, colour);
            x += KEY_SWATCH + width_of(name) + 14.0;
        }
    }

    /// The same, one below the other.
    pub(super) fn key_column(&self, (x, mut y): (f64, f64), entries: impl IntoIterator<Item = (String, RGBColor)>) {
        for (name, colour) in entries {
            self.key_entry((x, y), &name, colour);
            y += TICK_SIZE + 5.0;
        }
    }

    fn key_entry(&self, (x, y): (f64, f64), name: &str, colour: RGBColor) {
        let ends = [x, x + KEY_SWATCH - 4.0].map(|x| (units(x), units(y)));
        self.root.draw(&PathElement::new(ends, stroke(colour, LINE + HAIR))).expect(IN_MEMORY);
        self.text((x + KEY_SWATCH, y), name, TICK_SIZE, INK, Anchor::Right);
    }

    fn put(&self, (x, y): (f64, f64), text: &str, style: TextStyle<'_>) {
        self.root.draw(&Text::new(text.to_owned(), (units(x), units(y)), style)).expect(IN_MEMORY);
    }

    fn rule(&self, from: (f64, f64), to: (f64, f64), colour: RGBColor) {
        let points = [from, to].map(|(x, y)| (units(x), units(y)));
        self.root.draw(&PathElement::new(points, stroke(colour, HAIR))).expect(IN_MEMORY);
    }

    fn fill(&self, corners: [(f64, f64); 2], colour: RGBColor) {
        let corners = corners.map(|(x, y)| (units(x), units(y)));
        self.root.draw(&Rectangle::new(corners, colour.filled())).expect(IN_MEMORY);
    }

    fn outline(&self, Frame(left, top, width, height): Frame) {
        let (right, bottom) = (left + width, top + height);
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
        let corners = corners.map(|(x, y)| (units(x), units(y)));
        self.root.draw(&PathElement::new(corners, stroke(INK, HAIR))).expect(IN_MEMORY);
    }
}

impl Anchor {
    fn position(self) -> Pos {
        match self {
            Self::Left => Pos::new(HPos::Right, VPos::Center),
            Self::Right => Pos::new(HPos::Left, VPos::Center),
            Self::Below => Pos::new(HPos::Center, VPos::Top),
        }
    }
}

/// A pair of axes and what is drawn between them, in the units of the axes.
pub(super) struct Panel<'a, 's> {
    canvas: &'a Canvas<'s>,
    frame: Frame,
    x: Axis,
    y: Axis,
    area: DrawingArea<SVGBackend<'s>, Cartesian2d<RangedCoordf64, RangedCoordf64>>,
}

impl<'a, 's> Panel<'a, 's> {
    fn new(canvas: &'a Canvas<'s>, frame: Frame, x: Axis, y: Axis) -> Self {
        let Frame(left, top, width, height) = frame;
        let pixels = (units(left)..units(left + width), units(top + height)..units(top));
        let area = canvas.root.apply_coord_spec(Cartesian2d::new(x.drawn_range(), y.drawn_range(), pixels));
        let panel = Self { canvas, frame, x, y, area };
        panel.draw_axes();
        panel
    }

    fn draw_axes(&self) {
        let Frame(left, top, width, height) = self.frame;
        let (right, bottom, canvas) = (left + width, top + height, self.canvas);
        let to_pixels = |x: f64, y: f64| {
            let (x, y) = self.area.map_coordinate(&(self.x.drawn(x), self.y.drawn(y)));
            (f64::from(x) / UNIT, f64::from(y) / UNIT)
        };
        for (value, label) in self.x.ticks() {
            let (x, _) = to_pixels(value, self.y.range().0);
            canvas.rule((x, top), (x, bottom), GRID);
            canvas.rule((x, bottom), (x, bottom + 4.0), INK);
            canvas.text((x, bottom + 6.0), label, TICK_SIZE, INK, Anchor::Below);
        }
        for (value, label) in self.y.ticks() {
            let (_, y) = to_pixels(self.x.range().0, value);
            canvas.rule((left, y), (right, y), GRID);
            canvas.rule((left - 4.0, y), (left, y), INK);
            canvas.text((left - 7.0, y), label, TICK_SIZE, INK, Anchor::Left);
        }
        canvas.rule((left, bottom), (right, bottom), INK);
        canvas.rule((left, top), (left, bottom), INK);
        canvas.text((left + width / 2.0, bottom + 24.0), self.x.label(), LABEL_SIZE, INK, Anchor::Below);
        let widest = self.y.ticks().map(|(_, label)| width_of(label)).fold(0.0, f64::max);
        canvas.upright((left - 15.0 - widest, top + height / 2.0), self.y.label());
    }

    /// A heading above the panel.
    pub(super) fn title(&self, text: &str) {
        let Frame(left, top, ..) = self.frame;
        let style = text_style(TITLE_SIZE, INK, Pos::new(HPos::Left, VPos::Bottom));
        let font = style.font.style(FontStyle::Bold);
        self.canvas.put((left, top - 8.0), text, TextStyle { font, ..style });
    }

    /// The curve through these points.
    pub(super) fn line(&self, points: impl IntoIterator<Item = (f64, f64)>, colour: RGBColor) {
        self.polyline(points, stroke(colour, LINE));
    }

    /// A thin curve, for references and for members of a family.
    pub(super) fn thin_line(&self, points: impl IntoIterator<Item = (f64, f64)>, colour: RGBColor) {
        self.polyline(points, stroke(colour, HAIR));
    }

    /// What lies beyond the floor or the ceiling of the panel is cut off.
    fn polyline(&self, points: impl IntoIterator<Item = (f64, f64)>, style: ShapeStyle) {
        let range = self.y.drawn_range();
        let (floor, ceiling) = (range.start.min(range.end), range.start.max(range.end));
        let mut piece: Vec<(f64, f64)> = Vec::new();
        let mut last: Option<(f64, f64)> = None;
        for (x, y) in points {
            let at = self.drawn(x, y);
            if let Some((from, to)) = last.and_then(|last| cut(last, at, floor, ceiling)) {
                if piece.last() != Some(&from) {
                    self.draw_piece(&mut piece, style);
                    piece.push(from);
                }
                piece.push(to);
            }
            last = Some(at);
        }
        self.draw_piece(&mut piece, style);
    }

    fn draw_piece(&self, piece: &mut Vec<(f64, f64)>, style: ShapeStyle) {
        // Points closer than half a pixel to the one before cannot be seen.
        piece.dedup_by(|next, kept| {
            let ((x, y), (kept_x, kept_y)) = (self.area.map_coordinate(next), self.area.map_coordinate(kept));
            (x - kept_x).abs().max((y - kept_y).abs()) < units(0.5)
        });
        if piece.len() > 1 {
            self.area.draw(&PathElement::new(piece.as_slice(), style)).expect(IN_MEMORY);
        }
        piece.clear();
    }

    /// Round marks with a white rim.
    pub(super) fn marks(&self, points: impl IntoIterator<Item = (f64, f64)>, colour: RGBColor, radius: f64) {
        for (x, y) in points {
            let at = self.drawn(x, y);
            self.area.draw(&Circle::new(at, units(radius + HAIR), PAPER.filled())).expect(IN_MEMORY);
            self.area.draw(&Circle::new(at, units(radius), colour.filled())).expect(IN_MEMORY);
        }
    }

    /// A picture of `columns` by `rows` steps of a colour map, from the top left corner on, that fills the panel.
    pub(super) fn picture(&self, columns: usize, steps: &[u8], map: ColourMap) {
        let Frame(left, top, width, height) = self.frame;
        let [left, top, width, height] = [left, top, width, height].map(units);
        let png = super::png::base64(columns, steps, map);
        self.canvas.element(format!(
            "<image x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" \
             style=\"image-rendering: pixelated\" href=\"data:image/png;base64,{png}\"/>"
        ));
        self.canvas.outline(self.frame);
    }

    /// Straight pieces between points given as shares of the panel, from its top left corner.
    pub(super) fn pieces(&self, pieces: impl IntoIterator<Item = [(f64, f64); 2]>, colour: RGBColor, width: f64) {
        let Frame(left, top, across, down) = self.frame;
        let mut path = String::new();
        for [from, to] in pieces {
            let [(x0, y0), (x1, y1)] = [from, to].map(|(x, y)| (units(left + x * across), units(top + y * down)));
            write!(path, "M{x0} {y0}L{x1} {y1}").expect(IN_MEMORY);
        }
        let RGBColor(red, green, blue) = colour;
        let width = units(width);
        self.canvas.element(format!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"#{red:02X}{green:02X}{blue:02X}\" stroke-width=\"{width}\"/>"
        ));
    }

    /// Ticks and a label on the right side, at values of the upright axis.
    pub(super) fn right_ticks(&self, ticks: &[(f64, String)], label: &str) {
        let Frame(left, top, width, height) = self.frame;
        let right = left + width;
        for (value, text) in ticks {
            let (_, y) = self.area.map_coordinate(&self.drawn(self.x.range().0, *value));
            let y = f64::from(y) / UNIT;
            self.canvas.rule((right, y), (right + 4.0, y), INK);
            self.canvas.text((right + 7.0, y), text, TICK_SIZE, INK, Anchor::Right);
        }
        let widest = ticks.iter().map(|(_, text)| width_of(text)).fold(0.0, f64::max);
        self.canvas.upright((right + widest + 26.0, top + height / 2.0), label);
    }

    /// A text beside a point, moved by `offset` pixels.
    pub(super) fn note(&self, (x, y): (f64, f64), offset: (f64, f64), text: &str, colour: RGBColor, anchor: Anchor) {
        let (x, y) = self.area.map_coordinate(&self.drawn(x, y));
        let at = (f64::from(x) / UNIT + offset.0, f64::from(y) / UNIT + offset.1);
        self.canvas.text(at, text, TICK_SIZE, colour, anchor);
    }

    /// Coloured cells between the edges, row by row; `None` stays blank. Draws the frame anew.
    pub(super) fn cells(&self, x_edges: &[f64], y_edges: &[f64], colour: impl Fn(usize, usize) -> Option<RGBColor>) {
        let columns = x_edges.len() - 1;
        for (row, edges) in y_edges.windows(2).enumerate() {
            let mut column = 0;
            while column < columns {
                let shade = colour(row, column);
                let start = column;
                while column < columns && colour(row, column) == shade {
                    column += 1;
                }
                if let Some(shade) = shade {
                    let corners = [self.drawn(x_edges[start], edges[1]), self.drawn(x_edges[column], edges[0])];
                    self.area.draw(&Rectangle::new(corners, shade.filled())).expect(IN_MEMORY);
                }
            }
        }
        self.canvas.outline(self.frame);
    }

    fn drawn(&self, x: f64, y: f64) -> (f64, f64) {
        (self.x.drawn(x), self.y.drawn(y))
    }

    /// A remark in small grey type under the title line, at the right end.
    pub(super) fn remark(&self, text: &str) {
        let Frame(left, top, width, _) = self.frame;
        let style = text_style(TICK_SIZE, FAINT_INK, Pos::new(HPos::Right, VPos::Bottom));
        self.canvas.put((left + width, top - 8.0), text, style);
    }
}

/// The part of a straight line that lies between floor and ceiling.
fn cut(from: (f64, f64), to: (f64, f64), floor: f64, ceiling: f64) -> Option<((f64, f64), (f64, f64))> {
    let bound = |(x, y): (f64, f64)| {
        let inside = y.clamp(floor, ceiling);
        if inside == y { (x, y) } else { (from.0 + (to.0 - from.0) * (inside - from.1) / (to.1 - from.1), inside) }
    };
    let outside = from.1.max(to.1) < floor || from.1.min(to.1) > ceiling;
    (!outside).then(|| (bound(from), bound(to)))
}

/// About how wide a text in the size of ticks is: no font is read, so that none is needed.
fn width_of(text: &str) -> f64 {
    0.56 * TICK_SIZE * text.chars().count() as f64
}

/// Stands where an element of our own belongs until the document is complete.
fn mark(number: usize) -> String {
    format!("\u{e000}{number}\u{e000}")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

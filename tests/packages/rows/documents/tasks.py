"""openpyxl, xlsxwriter, python-docx, python-pptx, reportlab and pypdf: documents with their templates and fonts."""

import io

import docx
import openpyxl
import pptx
import pypdf
import xlsxwriter
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("documents")


@dag.task
def work() -> list:
    sheet = io.BytesIO()
    with xlsxwriter.Workbook(sheet, {"in_memory": True}) as book:
        book.add_worksheet("one").write(0, 0, "x")
    text = io.BytesIO()
    document = docx.Document()
    document.add_heading("Head", 1)
    document.add_paragraph("Item", style="List Bullet")
    document.save(text)
    slides = pptx.Presentation()
    slides.slides.add_slide(slides.slide_layouts[0]).shapes.title.text = "Title"
    page = io.BytesIO()
    drawing = canvas.Canvas(page, pagesize=A4)
    drawing.setFont("Times-Roman", 12)
    drawing.drawString(100, 700, "Hello PDF")
    drawing.save()
    return [
        openpyxl.load_workbook(sheet)["one"]["A1"].value,
        [paragraph.style.name for paragraph in docx.Document(text).paragraphs],
        len(slides.slide_layouts),
        pypdf.PdfReader(page).pages[0].extract_text(),
    ]

"""OpenCV: edges, contours, and pictures in several formats."""

import cv2
import numpy as np

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("opencv")


@dag.task
def work() -> list:
    image = np.zeros((64, 64, 3), np.uint8)
    cv2.rectangle(image, (16, 16), (48, 48), (255, 255, 255), -1)
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    contours, _ = cv2.findContours(grey, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    coded = [bool(cv2.imencode(kind, image)[0]) for kind in (".png", ".jpg", ".webp", ".tiff")]
    return [int(np.count_nonzero(cv2.Canny(grey, 50, 150)) > 0), len(contours), coded, cv2.error.__name__]

"""Names as they occur: Kinh names with the frequencies of family names, and the few names of ethnic-minority villages."""

from random import Random
from typing import NamedTuple

KINH_FAMILY_NAMES = {
    "Nguyễn": 380, "Trần": 110, "Lê": 95, "Phạm": 70, "Hoàng": 40, "Huỳnh": 10, "Phan": 45, "Vũ": 35, "Võ": 5, "Đặng": 20, "Bùi": 20,
    "Đỗ": 14, "Hồ": 13, "Ngô": 13, "Dương": 10, "Lý": 5, "Đinh": 9, "Đoàn": 8, "Lương": 7, "Trịnh": 7, "Mai": 6, "Tô": 5, "Cao": 5,
    "Tạ": 4, "Hà": 4, "Lưu": 4, "Chu": 3, "Quách": 1, "Vương": 2, "Thái": 1, "Doãn": 1, "Khổng": 1, "Nghiêm": 1, "Phùng": 3, "Kiều": 1,
}  # fmt: skip
MALE_MIDDLE = (
    "Văn",
    "Đức",
    "Hữu",
    "Quang",
    "Minh",
    "Công",
    "Xuân",
    "Ngọc",
    "Thanh",
    "Đình",
    "Bá",
    "Mạnh",
    "Trọng",
    "Duy",
    "Quốc",
)
FEMALE_MIDDLE = (
    "Thị",
    "Thị Thu",
    "Thị Thanh",
    "Thị Ngọc",
    "Ngọc",
    "Thị Kim",
    "Thị Hồng",
    "Thu",
    "Thị Minh",
    "Phương",
    "Thị Bích",
    "Khánh",
)
MALE_GIVEN = (
    "An", "Anh", "Bình", "Chiến", "Cường", "Dũng", "Dương", "Đạt", "Đông", "Giang", "Hà", "Hải", "Hậu", "Hiếu", "Hoà", "Hoàng", "Hùng", "Hưng",
    "Huy", "Khánh", "Khoa", "Kiên", "Lâm", "Long", "Lộc", "Mạnh", "Minh", "Nam", "Nghĩa", "Phong", "Phú", "Phúc", "Quân", "Quang", "Quý", "Sơn",
    "Tài", "Tâm", "Thái", "Thành", "Thắng", "Thịnh", "Thuỵ", "Tiến", "Toàn", "Trung", "Trường", "Tuấn", "Tùng", "Việt", "Vinh", "Vượng",
)  # fmt: skip
FEMALE_GIVEN = (
    "An", "Anh", "Ánh", "Bích", "Chi", "Cúc", "Diệp", "Dung", "Duyên", "Giang", "Hà", "Hạnh", "Hằng", "Hiền", "Hoa", "Hoà", "Hồng", "Huệ", "Hương",
    "Hường", "Khuê", "Lan", "Lành", "Liên", "Linh", "Loan", "Ly", "Mai", "Mỹ", "Nga", "Ngân", "Nguyệt", "Nhung", "Oanh", "Phương", "Quỳnh", "Tâm",
    "Thảo", "Thoa", "Thu", "Thuý", "Thuỷ", "Thuỳ", "Tình", "Trang", "Tuyết", "Vân", "Xuân", "Yến",
)  # fmt: skip
TWIN_NAMES = (
    ("Hùng", "Hưng"),
    ("Tuấn", "Tuân"),
    ("Thuý", "Thuỷ"),
    ("Hà", "Hạ"),
    ("Long", "Lộng"),
    ("Hoa", "Hoà"),
    ("Sơn", "Sớn"),
    ("Quý", "Quỳ"),
)


class People(NamedTuple):
    """One ethnic group: how its villages name people."""

    name: str
    family: tuple[str, ...]
    male_middle: tuple[str, ...]
    female_middle: tuple[str, ...]
    male_given: tuple[str, ...]
    female_given: tuple[str, ...]


MINORITIES = (
    People(
        "Dao",
        ("Triệu", "Bàn", "Đặng", "Chíu", "Phùn", "Tằng", "Dường", "Lý"),
        ("A", "Tài", "Kim", "Phúc", "Quý"), ("Nhì", "Sám", "Múi", "Thị", "Mùi"),
        ("Sám", "Lềnh", "Sáng", "Phúc", "Nhì", "Tắc", "Dì", "Hồng"), ("Múi", "Mảy", "Xuân", "Lan", "Phương", "Sinh", "Mùi"),
    ),
    People(
        "Tày",
        ("Hoàng", "Nông", "Lý", "Lục", "Vi", "La", "Hà"), ("Văn", "Đức", "Tiến"), ("Thị",),
        ("Phủ", "Chài", "Sình", "Thắng", "Hiệp", "Sằn"), ("Mỷ", "Lả", "Sam", "Thanh", "Bé", "Nhình"),
    ),
    People(
        "Sán Dìu",
        ("Lỷ", "Trương", "Từ", "Tạ", "Diệp", "Voòng", "Chìu", "Lìu", "Đàm"), ("A", "Văn", "Sinh"), ("Thị", "Sì", "Nhộc"),
        ("Tắc", "Sềnh", "Coóng", "Vượng", "Lộc", "Sáng"), ("Múi", "Kíu", "Dếnh", "Xám", "Liên", "Lằn"),
    ),
)  # fmt: skip

BUSINESS_WORDS = (
    "Hải Long", "Minh Phát", "An Thịnh", "Hoàng Gia", "Bình Minh", "Thành Công", "Đại Dương", "Hạ Long Xanh", "Việt Hưng", "Phú Quý", "Thiên An",
    "Đông Bắc", "Kim Ngân", "Ngọc Lan", "Tân Tiến", "Hồng Hà", "Sông Đà", "Mỏ Bạch", "Cửa Ông", "Vân Đồn", "Quang Minh", "Trường Thành",
)  # fmt: skip
TRADES = (
    "Thương mại",
    "Xây dựng",
    "Vận tải",
    "Du lịch",
    "Dịch vụ",
    "Thuỷ sản",
    "Cơ khí",
    "Than",
    "Nội thất",
    "Thực phẩm",
)
SHOPS = (
    "Tạp hoá",
    "Quán cơm",
    "Sửa xe",
    "Cắt tóc",
    "Cà phê",
    "Vật liệu xây dựng",
    "May đo",
    "Điện nước",
    "Phở",
    "Hải sản tươi sống",
)


def draw_kinh_name(random: Random, *, male: bool, family: str | None = None) -> tuple[str, str, str]:
    """Family name, middle names and given name."""
    family = family or random.choices(list(KINH_FAMILY_NAMES), list(KINH_FAMILY_NAMES.values()))[0]
    middle = random.choice(MALE_MIDDLE if male else FEMALE_MIDDLE)
    if random.random() < (0.45 if male else 0.55):
        middle = "Văn" if male else "Thị"
    return family, middle, random.choice(MALE_GIVEN if male else FEMALE_GIVEN)


def draw_minority_name(random: Random, group: People, *, male: bool, family: str | None = None) -> tuple[str, str, str]:
    """The same in a village where few names are in use."""
    middle = random.choice(group.male_middle if male else group.female_middle)
    return (
        family or random.choice(group.family),
        middle,
        random.choice(group.male_given if male else group.female_given),
    )

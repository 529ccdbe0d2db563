"""Characters that are written in more than one way in names and looked for as one. For comparing only: no name is changed.

What Unicode itself folds (half width, compatibility ideographs) is not here; these are the forms that it keeps apart.
Names that families tell apart on purpose are folded, too: whoever searches has heard a name and not seen it.
"""

_GROUPS = """
高髙 崎﨑嵜碕 浜濱濵 辺邊邉 斉齊斎齋 沢澤 広廣 桜櫻 国國 島嶋嶌 徳德 恵惠 真眞 条條 竜龍 瀬瀨 吉𠮷 蔵藏 富冨 峰峯
曽曾 桑桒 柳栁桺 静靜 礼禮 関關 円圓 宝寶寳 栄榮 館舘 増增 黒黑 青靑 清淸 薮藪籔 鉄鐵 桧檜 枡桝 壱壹 万萬 与與 亀龜
来來 仏佛 児兒 凜凛 尭堯 実實 寿壽 将將 巌巖 弥彌 応應 戸戶 拝拜 晋晉 暁曉 梅楳 楽樂 様樣 横橫 歩步 気氣 浅淺 渓溪
湾灣 滝瀧 灯燈 糸絲 経經 緑綠 総總 縄繩 芦蘆 荘莊 蛍螢 豊豐 遥遙 郎郞 鋭銳 鎮鎭 鶏鷄 鴎鷗 塩鹽 麦麥 黄黃 霊靈 顕顯
涼凉 呉吳 岳嶽 壮壯 巣巢 帯帶 柏栢 毎每 稲稻 舎舍 薫薰 野埜 隣鄰 杉椙 宮宫 呂吕 喜㐂 淵渕渊 角⻆ 船舩 郷鄕 鉤鈎 秋穐
穂穗 籠篭 栖棲 槙槇 頼賴 巻卷 剣劍劔 当當 寛寬 絵繪 学學 継繼 県縣 厳嚴 効效 晃晄 昇曻 聡聰 伝傳 満滿 亘亙 莱萊
"""
FOLDED = str.maketrans({other: group[0] for group in _GROUPS.split() for other in group[1:]})

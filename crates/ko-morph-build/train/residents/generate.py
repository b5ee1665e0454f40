#!/usr/bin/env python3
"""Writes residents' messages to the management of their building, for ko-train to learn from.

usage: generate.py > sentences.txt
       generate.py compounds > compounds.txt

All sentences were written for this project: those of written.txt one by one, the others as the patterns below with the
words that fit each pattern. No corpus was copied, and there are no personal data: flats and names are invented. No
sentence is one of gold/tenants.tsv. The same script writes the same file.
"""
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).parent
# Nouns of two nouns, or of a noun and a suffix, of which a dictionary has few.
COMPOUNDS = HERE.parent / "compounds.txt"
CHANCE = random.Random(14)


def final(word):
    """Returns the number of the final consonant of a word's last syllable: 0 for none, 8 for ㄹ."""
    last = word[-1]
    if "가" <= last <= "힣":
        return (ord(last) - 0xAC00) % 28
    return {"0": 21, "1": 8, "3": 16, "6": 1, "7": 8, "8": 8, "L": 8, "M": 16, "N": 4, "R": 8}.get(last, 0)


PARTICLES = {"가": ("이", "가"), "는": ("은", "는"), "를": ("을", "를"), "랑": ("이랑", "랑"), "나": ("이나", "나"),
             "라도": ("이라도", "라도"), "예요": ("이에요", "예요"), "인데": ("인데", "인데"), "야": ("이야", "야")}


def with_particle(word, particle):
    if particle == "로":
        return word + ("로" if final(word) in (0, 8) else "으로")
    if particle in PARTICLES:
        return word + PARTICLES[particle][0 if final(word) else 1]
    return word + particle


def fill(pattern, **words):
    """Replaces {이름:가} by a word and the form of the particle that it takes, and {이름} by the word."""
    out = ""
    while "{" in pattern:
        before, rest = pattern.split("{", 1)
        slot, pattern = rest.split("}", 1)
        name, _, particle = slot.partition(":")
        out += before + (with_particle(words[name], particle) if particle else words[name])
    return out + pattern


def words(text):
    return [word.strip() for word in text.split(",")]


# Things of a building, by what can be said of them.
DEVICES = words("엘리베이터, 승강기, 보일러, 도어락, 번호키, 인터폰, 월패드, 차단기, 정산기, 무인정산기, 냉난방기, 에어컨, 실외기, 환풍기, "
                "정수기, 공기청정기, 제습기, 가습기, 자동문, 회전문, 방화문, 셔터, 키오스크, 복합기, 프린터, 감지기, 화재경보기, 비상벨, "
                "센서등, 가로등, 형광등, 조명, 스피커, 충전기, 전기차 충전기, 세탁기, 건조기, 냉장고, 인덕션, 가스레인지, 식기세척기, "
                "비데, 온풍기, 순간온수기, 온도조절기, 급수펌프, 배수펌프, 공조기, 송풍기, 스프링클러, 화물승강기, 에스컬레이터, 출입통제기, "
                "리더기, 카드리더기, 모니터, 전광판, 러닝머신, 투입구, 압축기, 계량기, 분전반, 두꺼비집, 콘센트, 스위치, 변압기, 발전기")
FAILURES = words("안 돼요, 고장났어요, 고장 난 것 같아요, 또 멈췄어요, 작동을 안 해요, 작동하지 않습니다, 먹통입니다, 켜지지 않아요, "
                 "자꾸 꺼져요, 이상해요, 말을 안 들어요, 며칠째 고장입니다, 아예 안 켜집니다, 삐 소리만 나요, 오류가 떠요, 반응이 없어요, "
                 "깜빡거려요, 계속 울려요, 덜덜거려요, 망가졌어요, 멈춰 있습니다, 또 말썽이에요, 안되네요, 고장나서 못 쓰고 있어요")
SUPPLIES = words("온수, 냉수, 수돗물, 찬물, 뜨거운 물, 난방, 냉방, 전기, 가스, 인터넷, 와이파이, 급수, 수도, 에어컨 바람, 더운 바람")
NO_SUPPLY = words("안 나와요, 안 나옵니다, 끊겼어요, 갑자기 끊겼습니다, 약해요, 너무 약합니다, 나왔다 안 나왔다 해요, 언제 나오나요, "
                  "아침마다 안 나와요, 어제부터 안 나옵니다, 안나오는데 왜 그런가요, 잘 안 나와요, 하나도 안 나오네요, 또 끊겼네요, "
                  "저녁에만 나와요, 우리 집만 안 나오나요")
BILLS = words("관리비, 수도요금, 전기요금, 난방비, 냉방비, 가스비, 가스요금, 수도세, 전기세, 주차비, 주차요금, 공용관리비, 공동전기료, "
              "청소비, 연체료, 임대료, 보증금, 사용료, 장기수선충당금, 승강기유지비, 급탕비, 하수도요금, 정수기 렌탈료, 경비비, 소독비")
BILL_TALK = words("너무 많이 나왔어요, 왜 이렇게 많이 나왔나요, 지난달의 두 배예요, 이상하게 나왔습니다, 잘못 청구된 것 같아요, 두 번 빠져나갔어요, "
                  "또 올랐네요, 이해가 안 됩니다, 안 빠져나갔어요, 작년보다 비싸졌어요, 안 맞는 것 같아요, 얼마인지 알려 주세요, "
                  "어떻게 계산되는지 궁금해요, 언제까지 내야 하나요, 자동이체가 안 됐어요, 이번 달만 유난히 높아요, 면적대로 나온 게 맞나요")
PAPERS = words("고지서, 영수증, 계약서, 안내문, 공지문, 세금계산서, 명세서, 납부확인서, 입주확인서, 신청서, 동의서, 견적서, 주차스티커, "
               "방문증, 출입증, 출입카드, 주차권, 할인권, 설명서, 회의록, 점검표, 사용설명서, 임대차계약서, 등기부등본, 사업자등록증 사본")
PAPER_TALK = ["{물:를} 못 받았어요", "{물:를} 다시 받을 수 있을까요?", "{물:가} 아직 안 왔어요", "{물:는} 어디서 받나요?",
              "{물:를} 잃어버렸습니다", "{물:를} 메일로 보내 주세요", "{물:를} 새로 발급해 주세요", "{물:에} 이름이 잘못 적혀 있어요",
              "{물:는} 언제 나오나요?", "{물:를} 우편함에 넣어 주세요", "{물:도} 필요한가요?", "{물:만} 있으면 되나요?",
              "{물:가} 찢어져서 왔어요", "{물:에} 적힌 금액이 달라요", "{물:로} 확인이 되나요?", "{물:를} 두 장 주시면 좋겠어요"]
PLACES = words("복도, 계단, 비상계단, 옥상, 지하주차장, 주차장, 로비, 화단, 놀이터, 분리수거장, 헬스장, 탕비실, 휴게실, 흡연실, 화장실, "
               "남자화장실, 여자화장실, 장애인화장실, 기계실, 전기실, 회의실, 세미나실, 라운지, 옥상정원, 정문, 후문, 쪽문, 현관, 공동현관, "
               "경로당, 독서실, 자전거 보관소, 쓰레기장, 재활용장, 택배실, 우편함 앞, 엘리베이터 안, 하역장, 경사로, 산책로, 필로티, "
               "공용부, 관리사무소, 안내데스크, 구내식당, 수유실, 샤워실, 탈의실, 사우나, 골프연습장, 창고, 지하 2층, 중정")
DIRTY = words("너무 더러워요, 지저분합니다, 청소가 안 돼 있어요, 냄새가 심해요, 쓰레기가 쌓여 있어요, 물이 고여 있습니다, 미끄러워요, "
              "어두워서 무서워요, 불이 나갔어요, 담배꽁초가 많아요, 거미줄투성이예요, 먼지가 많습니다, 짐이 쌓여 있어요, 너무 추워요, 너무 더워요, "
              "항상 잠겨 있어요, 바닥 타일이 깨졌어요, 페인트가 벗겨졌습니다, 환기가 안 돼요, 벌레가 많아요, 곰팡이가 폈어요")
FULL = words("쓰레기가 쌓여 있어요, 물이 고여 있습니다, 담배꽁초가 많아요, 먼지가 많습니다, 짐이 쌓여 있어요, 벌레가 많아요, 곰팡이가 폈어요")
LEAKING = words("천장, 벽, 창틀, 싱크대, 세면대, 변기, 샤워기, 수도꼭지, 배관, 보일러, 에어컨, 실외기, 베란다, 발코니, 창문, 현관 위, 지하주차장 천장, "
                "옥상 배수구, 기둥, 화장실 천장, 다용도실, 배수관, 온수관, 정수기, 화장실 문틀, 주방 바닥, 소화전, 물탱크, 계량기함")
LEAKS = words("물이 새요, 물이 떨어져요, 물이 뚝뚝 떨어집니다, 누수가 있습니다, 누수가 생겼어요, 빗물이 들어와요, 물이 샙니다, 물이 흘러요, "
              "물이 배어 나와요, 녹물이 나와요, 물이 줄줄 새고 있어요, 비만 오면 물새요, 또 누수예요, 물기가 올라와요")
NOISES = words("쿵쿵거리는 소리, 발소리, 망치 소리, 드릴 소리, 음악 소리, 피아노 소리, 개 짖는 소리, 기계 소리, 진동, 소음, 층간소음, 공사소음, "
               "실외기 소음, 물 흐르는 소리, 문 닫는 소리, 의자 끄는 소리, 노래방 소리, 청소기 소리, 세탁기 소리, 코 고는 소리, 싸우는 소리, 배관 소리, "
               "환풍기 소리, 엘리베이터 소리, 오토바이 소리")
NOISE_TALK = ["{소리:가} 밤마다 들려요", "{소리:가} 너무 심해요", "{소리:가} 새벽까지 납니다", "{소리} 때문에 잠을 못 자요",
              "{소리} 때문에 일을 못 하겠어요", "{소리} 좀 줄여 주세요", "{소리:를} 더는 못 참겠습니다", "{소리:도} 나고 진동도 느껴져요",
              "{소리:는} 어디서 나는 건가요?", "{소리:가} 한 달째예요", "{소리:만} 아니면 살기 좋은데요", "{소리:로} 스트레스를 받아요"]
PESTS = words("바퀴벌레, 개미, 모기, 초파리, 나방파리, 쥐, 비둘기, 길고양이, 말벌, 거미, 좀벌레, 하루살이, 지네")
PEST_TALK = ["{벌레:가} 나왔어요", "{벌레:가} 너무 많아요", "{벌레} 때문에 못 살겠어요", "{벌레:를} 잡아 주세요", "{벌레:가} 자꾸 들어옵니다",
             "{벌레} 방역은 언제 하나요?", "{벌레:도} 있고 냄새도 나요", "{벌레:가} 배수구에서 올라와요", "{벌레} 약 좀 놔 주세요"]
WORKS = words("점검, 교체, 수리, 청소, 소독, 방역, 보수, 도색, 방수공사, 배관공사, 물탱크 청소, 소방점검, 승강기 점검, 가스점검, 전기점검, "
              "엘리베이터 교체, 필터 교체, 전구 교체, 도배, 철거, 설치, 검침, 하자보수, 외벽 청소, 유리창 청소, 저수조 청소, 주차선 도색, "
              "정화조 청소, 에어컨 세척, 열교환기 청소, 방문 점검, 수질검사, 안전진단, 제초작업, 가지치기")
WORK_TALK = ["{일:는} 언제 하나요?", "{일} 일정 좀 알려 주세요", "{일:가} 아직도 안 끝났나요?", "{일} 신청합니다", "{일} 부탁드립니다",
             "{일:를} 다음 주로 미뤄 주세요", "{일:를} 왜 평일에만 하나요?", "{일:가} 제대로 안 된 것 같습니다", "{일} 때 집에 있어야 하나요?",
             "{일} 끝나고 뒷정리가 안 됐어요", "{일:는} 몇 시쯤 끝날까요?", "{일:도} 같이 해 주시면 좋겠어요", "{일} 비용은 누가 내요?",
             "{일:까지} 얼마나 걸릴까요?", "{일} 안내를 못 받았어요", "{일} 덕분에 훨씬 좋아졌어요"]
PARTS = words("손잡이, 경첩, 전등, 필터, 리모컨, 호스, 수전, 샤워기 헤드, 타일, 벽지, 장판, 마루, 몰딩, 방충망, 유리창, 문짝, 도어클로저, 블라인드, 커튼, "
              "변기 커버, 소화기, 난간, 차양, 간판, 안내판, 게시판, 거울, 매트, 버튼, 천장재, 실리콘, 맨홀 뚜껑, 배수구 덮개, 인조잔디, 볼라드, "
              "과속방지턱, 스토퍼, 선반, 싱크대 상판, 빨래건조대, 안전고리, 벤치, 그네, 시소, 수납장, 번호판, 표지판, 바닥재, 석고보드, 보온재")
PART_TALK = ["{것:가} 망가졌어요", "{것:를} 바꿔 주세요", "{것:가} 떨어졌습니다", "{것} 교체 가능할까요?", "{것:가} 깨져 있어요", "{것:가} 헐거워요",
             "{것:는} 세입자가 사야 하나요?", "{것:를} 고쳐 주세요", "{것:도} 봐 주세요", "{것:에} 문제가 있어요", "{것:가} 낡아서 위험합니다",
             "{것:만} 바꾸면 될까요?", "{것:를} 새걸로 갈아 주세요", "{것:가} 없어졌어요", "{것:인데} 어디서 사나요?", "{것:까지} 부서졌어요"]
OPENINGS = words("문고리, 창문, 현관문, 우편함, 택배함, 무인택배함, 자물쇠, 사물함, 옥상문, 단자함, 우편함 문, 방화문, 뒷문, 비상구, 투입구, 소화전함, 실외기실 문, 번호키, 도어락, 출입문")
OPENING_TALK = ["{것:가} 안 열려요", "{것:가} 안 닫혀요", "{것:가} 안 잠겨요", "{것:를} 열 수가 없어요", "{것:를} 누가 열어 놨어요", "{것:는} 누가 열어 주나요?",
                "{것:에} 뭐가 끼었어요", "{것} 열쇠를 잃어버렸어요", "{것:도} 잠가 주세요", "{것:가} 덜컹거려요", "{것} 비밀번호 좀 알려 주세요", "{것} 비번이 뭐예요?",
                "{것:까지} 열려 있었어요", "{것:를} 바꾸고 싶어요", "{것:만} 바꾸면 되나요?", "{것:에서} 끼익 소리가 나요"]
DRAINS = words("배수구, 하수구, 변기, 세면대, 싱크대, 환기구, 빗물받이, 우수관, 배수관, 하수관, 트렌치, 맨홀, 바닥 배수구, 홈통, 물받이")
DRAIN_TALK = ["{것:가} 막혔어요", "{것:가} 역류해요", "{것:에서} 냄새가 올라와요", "{것:를} 뚫어 주세요", "{것:가} 넘쳤습니다", "{것} 청소 좀 해 주세요",
              "{것:에} 머리카락이 가득해요", "{것:로} 벌레가 올라와요", "{것:도} 같이 뚫어 주세요", "{것} 뚫는 비용은 얼마예요?", "{것:는} 누가 청소하나요?"]
CARS = words("차, 외부차량, 방문차량, 트럭, 오토바이, 전동킥보드, 이중주차 차량, 택배차, 배달 오토바이, 경차, 전기차, 캠핑카, 탑차, 공사차량, 이삿짐차, 자전거")
CAR_TALK = ["{차:가} 길을 막고 있어요", "{차} 좀 빼 주세요", "{차:를} 아무 데나 세워요", "{차} 때문에 나갈 수가 없어요", "{차:가} 너무 많습니다",
            "{차} 단속 좀 해 주세요", "{차:는} 어디에 대야 하나요?", "{차:가} 밤새 서 있어요", "{차:에} 긁혔어요", "{차:도} 등록해야 하나요?",
            "{차} 등록은 어떻게 하나요?", "{차:를} 장애인 주차구역에 댔어요", "{차:만} 들어올 수 있게 해 주세요"]
PEOPLE = words("경비 아저씨, 경비원님, 관리소장님, 소장님, 기사님, 수리기사님, 설치기사님, 미화원분, 청소 여사님, 관리실 직원분, 보안요원, 택배기사님, 과장님, 담당자분, "
               "안내데스크 직원분, 주차요원, 전기기사님, 반장님, 동대표님")
PEOPLE_TALK = ["{분:가} 친절하게 도와주셨어요", "{분} 덕분에 금방 해결됐어요", "{분:가} 너무 불친절합니다", "{분:가} 아직 안 오셨어요", "{분:께} 감사드려요",
               "{분} 연락처 좀 알려 주세요", "{분:가} 전화를 안 받으세요", "{분:가} 다녀가셨는데 또 고장이에요", "{분:를} 칭찬합니다", "{분:는} 몇 시까지 계세요?",
               "{분:도} 모르신다고 하네요", "{분:가} 바뀌셨나요?", "{분:한테} 말씀드렸는데 조치가 없어요"]
SERVICES = words("회의실 예약, 주차 등록, 방문 예약, 입주 신고, 전출 신고, 이사 신청, 출입카드 신청, 엘리베이터 예약, 헬스장 등록, 게스트룸 예약, 대형폐기물 신고, "
                 "인터넷 설치, 명의 변경, 자동이체 신청, 카드 등록, 지문 등록, 앱 가입, 비밀번호 변경, 반려견 등록, 사물함 신청, 택배 보관, 간판 설치, 인테리어 신고")
SERVICE_TALK = ["{일:는} 어디서 하나요?", "{일:는} 어떻게 하면 되나요?", "{일:가} 안 돼요", "{일:를} 취소하고 싶어요", "{일:를} 하려고 합니다",
                "{일:에} 뭐가 필요한가요?", "{일:도} 앱으로 되나요?", "{일} 방법 좀 알려 주세요", "{일} 비용이 얼마예요?", "{일:를} 했는데 문자가 안 왔어요",
                "{일:까지} 했는데 안 됩니다", "{일} 가능한 시간이 언제예요?"]
SMELLS = words("담배, 음식, 하수구, 곰팡이, 가스, 타는, 페인트, 쓰레기, 고기, 소변, 정화조, 기름, 약품, 고무 타는, 걸레, 본드")
SMELL_TALK = ["{무엇} 냄새가 나요", "{무엇} 냄새가 심해요", "{무엇} 냄새 때문에 머리가 아파요", "{무엇} 냄새가 올라와요", "{무엇} 냄새 좀 없애 주세요",
              "{무엇} 냄새가 복도까지 퍼져요", "{무엇}냄새가 진동해요", "{무엇} 냄새도 나고 어지러워요"]
COMPOUND_TALK = ["{것:가} 망가졌어요", "{것:가} 없어서 불편해요", "{것:는} 어디에 있나요?", "{것:는} 누가 관리하나요?", "{것:를} 바꿔 주세요",
                 "{것:를} 하나 더 놓아 주세요", "{것:도} 새로 달아 주세요", "{것:도} 점검해 주시나요?", "{것:만} 따로 바꿀 수 있나요?", "{것:만} 안 됩니다",
                 "{것:에} 먼지가 쌓였어요", "{것:에} 뭐라고 적혀 있나요?", "{것:에서} 이상한 소리가 나요", "{것:에서} 탄내가 납니다", "{것:로} 교체 부탁드립니다",
                 "{것:로} 바뀐다고 들었어요", "{것:까지} 다 부서졌어요", "{것:까지} 봐 주시면 좋겠어요", "{것:인데} 왜 안 되나요?", "{것:인데} 누구 건가요?",
                 "{것} 위치 좀 알려 주세요", "{것} 옆에 물이 고였어요", "{것:랑} 열쇠를 잃어버렸어요", "{것:의} 위치를 모르겠어요", "{것:라도} 먼저 고쳐 주세요",
                 "{것:보다} 이게 급해요", "{것:부터} 봐 주세요", "{것:예요}", "{것:나} 좀 달아 주세요", "{것:처럼} 생긴 거요"]
# Predicates with the noun endings that look like the last part of a compound.
NOMINALS = words("불편함, 지저분함, 답답함, 부족함, 불안함, 심각함, 친절함, 황당함, 소중함, 편리함, 궁금함, 허전함, 따뜻함, 시원함, 깨끗함, 필요함, 확인하기, 청소하기, "
                 "주차하기, 신고하기, 설명하기, 수리하기, 관리하기, 예약하기, 이용하기, 결제하기")
NOMINAL_TALK = ["{것:가} 이루 말할 수 없어요", "{것:는} 말로 다 못 해요", "{것:를} 느꼈습니다", "{것:도} 참을 만큼 참았어요", "{것:만} 남았네요", "{것:에} 지쳤어요",
                "{것:까지} 더해졌어요", "{것:가} 너무 힘들어요", "{것:로} 끝날 일이 아니에요"]
ADVICE = ["그럴 수도 있겠지만 {말}", "그럴 수도 있다고 하는데 {말}", "제가 잘못 본 걸 수도 있는데 {말}", "바쁘신 줄 알지만 {말}", "혹시 몰라서 적는데 {말}",
          "이런 말 하기 그런데 {말}", "별일 아닐 수도 있지만 {말}", "저번에도 말씀드렸는데 {말}", "몇 번을 말해도 {말}", "어제 전화드렸는데 {말}"]

SINCE = ["오늘 아침부터 ", "어제 저녁부터 ", "며칠 전부터 ", "주말 내내 ", "비 온 뒤로 ", "이사 온 날부터 ", "지난주부터 ", "또 ", "지금 ", "아까부터 ", "새벽부터 ", "한 달째 "]
WHERE = ["101동 ", "3층 ", "1203호 ", "B동 ", "우리 층 ", "저희 동 ", "저희 사무실 ", "옆집 ", "윗집 ", "5호기 옆 ", "상가 ", "A동 2층 "]
GREETINGS = ["안녕하세요 ", "안녕하세요, ", "저기 ", "저기요 ", "혹시 ", "소장님 ", "관리실이죠? ", "수고하십니다 "]
AFTER_STATEMENT = ["ㅠㅠ", "ㅜㅜ", "ㅠ", "..", "!", ".", " 확인 부탁드립니다", " 빨리 좀요", " 빠른 조치 바랍니다", " 언제 고쳐 주시나요?", " 확인해 주세요", " 연락 주세요",
                   " 부탁드려요", " 저만 그런가요?", " 조치해 주세요", " 점검해 주세요", " 아이가 있어서 걱정돼요", ";;", "ㅡㅡ", " 어떻게 해야 하나요?", " 불편합니다", " 진짜"]
AFTER_REQUEST = ["ㅠㅠ", ".", "!", "~", " 감사합니다", " 꼭요", " 부탁드립니다", " 제발요", " 급해요", " 수고하세요"]
AFTER_QUESTION = [" 알려 주세요", " 답변 부탁드립니다", " 궁금합니다", "ㅎㅎ", " 감사합니다", " 혹시 아시는 분?", " 급해서요", " 처음이라 몰라서요"]


def pick(items, number):
    return CHANCE.sample(items, min(number, len(items)))


REQUEST_ENDS = ("주세요", "부탁드립니다", "신청합니다", "좋겠어요", "칭찬합니다", "감사드려요", "싶어요", "합니다", "가요")
QUESTION_ENDS = ("?", "나요", "까요", "해요?", "예요?", "궁금해요")


def around(sentence, is_state=False):
    """Adds what people write before and after, and sometimes leaves out spaces as they do."""
    is_question = sentence.endswith(QUESTION_ENDS) and not sentence.endswith("가 나요")
    is_request = not is_state and sentence.endswith(REQUEST_ENDS)
    before, after = "", ""
    if CHANCE.random() < 0.45:
        before = CHANCE.choice(SINCE + WHERE if is_state and not is_question else WHERE[:7] + GREETINGS)
    if CHANCE.random() < 0.5:
        after = CHANCE.choice(AFTER_QUESTION if is_question else AFTER_REQUEST if is_request else AFTER_STATEMENT)
    draw = CHANCE.random()
    if draw < 0.12:
        sentence = sentence.replace(" 안 ", " 안").replace("안 돼", "안돼").replace(" 못 ", " 못").replace(" 주세요", "주세요")
    elif draw < 0.2:
        sentence = sentence.replace(" 것 같", "것같").replace(" 수가 ", "수가 ").replace(" 때문에", "때문에").replace("지 않", "지않")
    elif draw < 0.24:
        sentence = sentence.replace(" ", "")
    elif draw < 0.3 and not is_question and not is_request:
        return CHANCE.choice(ADVICE).replace("{말}", sentence) + after
    return before + sentence + after


def sentences():
    for thing in DEVICES:
        for failure in pick(FAILURES, 5):
            particle = CHANCE.choice(["가", "가", "가", "는", "도", "만", ""])
            yield around(f"{with_particle(thing, particle) if particle else thing} {failure}", True)
        for pattern in pick(["{것:를} 고쳐 주세요", "{것:에서} 이상한 소리가 나요", "{것:에서} 탄내가 나요", "{것:로} 바꿔 주실 수 있나요?", "{것} 수리는 언제 하나요?",
                             "{것:까지} 고장이에요", "{것:랑} 조명이 같이 꺼졌어요", "{것} 사용법 좀 알려 주세요", "{것:가} 오래돼서 교체가 필요해요", "{것:부터} 봐 주세요",
                             "{것:라도} 먼저 고쳐 주세요", "{것:인데} 부품이 있나요?"], 3):
            yield around(fill(pattern, 것=thing))
    for thing in SUPPLIES:
        for trouble in pick(NO_SUPPLY, 9):
            yield around(f"{with_particle(thing, CHANCE.choice('가가가가는도만'))} {trouble}", True)
    for bill in BILLS:
        for talk in pick(BILL_TALK, 6):
            yield around(f"{with_particle(bill, CHANCE.choice('가가가는도만'))} {talk}")
        for pattern in pick(["{것} 내역 좀 보내 주세요", "{것:를} 카드로 낼 수 있나요?", "{것:에} 부가세가 포함인가요?", "{것:를} 두 달치 냈어요", "{것} 고지서가 안 왔어요",
                             "{것:로} 나간 돈이 얼마예요?", "{것:까지} 올리시면 어떡해요"], 2):
            yield around(fill(pattern, 것=bill))
    for place in PLACES:
        for state in pick(DIRTY, 4):
            particle = "에" if state in FULL else CHANCE.choice("가가가는도만")
            yield around(f"{with_particle(place, particle)} {state}", True)
        for pattern in pick(["{곳:에서} 담배를 피우는 사람이 있어요", "{곳:에} CCTV를 달아 주세요", "{곳} 불 좀 켜 주세요", "{곳:에} 누가 짐을 쌓아 놨어요", "{곳} 문이 안 잠겨요",
                             "{곳:까지} 물이 찼어요", "{곳:로} 가려면 어디로 가야 하나요?", "{곳:에서} 넘어졌어요", "{곳} 이용 시간이 어떻게 되나요?", "{곳:에} 쓰레기통 하나 놔 주세요"], 2):
            yield around(fill(pattern, 곳=place))
    for place in LEAKING:
        for leak in pick(LEAKS, 4):
            yield around(f"{place}에서 {leak}" if not leak.startswith("비만") else f"{place} 쪽은 {leak}", True)
    for slot, items, patterns, number in [
        ("물", PAPERS, PAPER_TALK, 7), ("소리", NOISES, NOISE_TALK, 5), ("벌레", PESTS, PEST_TALK, 5), ("일", WORKS, WORK_TALK, 6), ("것", PARTS, PART_TALK, 5),
        ("것", OPENINGS, OPENING_TALK, 7), ("것", DRAINS, DRAIN_TALK, 5),
        ("차", CARS, CAR_TALK, 6), ("분", PEOPLE, PEOPLE_TALK, 5), ("일", SERVICES, SERVICE_TALK, 5), ("무엇", SMELLS, SMELL_TALK, 4),
    ]:
        for item in items:
            for pattern in pick(patterns, number):
                yield around(fill(pattern, **{slot: item}))


def compound_sentences():
    for items, patterns, number in [
        (COMPOUNDS.read_text(encoding="utf-8").split(), COMPOUND_TALK, 8), (NOMINALS, NOMINAL_TALK, 6),
    ]:
        for item in items:
            for pattern in pick(patterns, number):
                yield around(fill(pattern, 것=item))


def main():
    gold = (HERE / "../../gold/tenants.tsv").read_text(encoding="utf-8")
    known = {line.split("\t")[0].replace(" ", "") for line in gold.splitlines()}
    written = (HERE / "written.txt").read_text(encoding="utf-8").splitlines()
    with_compounds = sys.argv[1:] == ["compounds"]
    # Both kinds each time: they share the random numbers.
    for kind, made in [(False, [*written, *sentences()]), (True, list(compound_sentences()))]:
        for sentence in made:
            if sentence.replace(" ", "") not in known:
                known.add(sentence.replace(" ", ""))
                if kind == with_compounds:
                    print(sentence)


main()

import { domainList } from './domainList.js';

/**
 * Whether anybody can open a mailbox at this domain (or at one above it), so that it tells nothing about an organisation.
 *
 * A small list kept by hand: the large public providers and the mail services of large internet access providers, each
 * national domain spelt out, since `live.example` or `gmx.example` may be a company of its own.
 */
export const isConsumerDomain = domainList(`
  gmail.com googlemail.com

  outlook.com outlook.at outlook.be outlook.cl outlook.co.id outlook.co.th outlook.com.ar outlook.com.au outlook.com.br
  outlook.com.gr outlook.com.tr outlook.com.vn outlook.cz outlook.de outlook.dk outlook.es outlook.fr outlook.hu outlook.ie
  outlook.in outlook.it outlook.jp outlook.kr outlook.lv outlook.my outlook.ph outlook.pt outlook.sa outlook.sg outlook.sk
  hotmail.com hotmail.at hotmail.be hotmail.ca hotmail.ch hotmail.cl hotmail.co.il hotmail.co.jp hotmail.co.kr
  hotmail.co.nz hotmail.co.th hotmail.co.uk hotmail.co.za hotmail.com.ar hotmail.com.au hotmail.com.br hotmail.com.hk
  hotmail.com.tr hotmail.com.tw hotmail.com.vn hotmail.cz hotmail.de hotmail.dk hotmail.es hotmail.fi hotmail.fr
  hotmail.gr hotmail.hu hotmail.ie hotmail.it hotmail.nl hotmail.no hotmail.ph hotmail.pt hotmail.rs hotmail.se
  hotmail.sg hotmail.sk
  live.com live.at live.be live.ca live.ch live.cl live.cn live.co.kr live.co.uk live.co.za live.com.ar live.com.au
  live.com.mx live.com.my live.com.ph live.com.pt live.com.sg live.de live.dk live.fi live.fr live.hk live.ie live.in
  live.it live.jp live.nl live.no live.ru live.se
  msn.com passport.com windowslive.com

  yahoo.com yahoo.at yahoo.be yahoo.bg yahoo.ca yahoo.ch yahoo.cl yahoo.cn yahoo.co.id yahoo.co.il yahoo.co.in yahoo.co.jp
  yahoo.co.kr yahoo.co.nz yahoo.co.th yahoo.co.uk yahoo.co.za yahoo.com.ar yahoo.com.au yahoo.com.br yahoo.com.cn
  yahoo.com.co yahoo.com.hk yahoo.com.mx yahoo.com.my yahoo.com.pe yahoo.com.ph yahoo.com.sg yahoo.com.tr yahoo.com.tw
  yahoo.com.vn yahoo.cz yahoo.de yahoo.dk yahoo.es yahoo.fi yahoo.fr yahoo.gr yahoo.hu yahoo.ie yahoo.in yahoo.it
  yahoo.nl yahoo.no yahoo.pl yahoo.pt yahoo.ro yahoo.se ymail.com rocketmail.com myyahoo.com
  aol.com aol.co.uk aol.de aol.fr aol.it aim.com

  icloud.com me.com mac.com
  proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tuta.com tuta.io tutamail.com keemail.me
  hushmail.com fastmail.com fastmail.fm mailfence.com posteo.de posteo.net mailbox.org startmail.com hey.com
  zoho.com zohomail.com zohomail.eu zohomail.in mail.com email.com usa.com post.com gmx.com gmx.net gmx.de gmx.at gmx.ch
  gmx.eu gmx.fr gmx.co.uk gmx.us web.de freenet.de freemail.hu inbox.com inbox.lv lycos.com rediffmail.com

  mail.ru bk.ru inbox.ru list.ru internet.ru rambler.ru lenta.ru ro.ru autorambler.ru myrambler.ru
  yandex.com yandex.ru yandex.by yandex.kz yandex.ua yandex.com.tr ya.ru ukr.net i.ua meta.ua
  qq.com foxmail.com 163.com 126.com yeah.net 139.com 189.cn sina.com sina.cn sohu.com aliyun.com tom.com
  naver.com hanmail.net daum.net nate.com

  t-online.de magenta.de arcor.de vodafonemail.de 1und1.de
  orange.fr wanadoo.fr free.fr sfr.fr neuf.fr laposte.net bbox.fr
  libero.it virgilio.it tiscali.it alice.it tin.it inwind.it iol.it
  btinternet.com sky.com virginmedia.com talktalk.net ntlworld.com blueyonder.co.uk
  telenet.be skynet.be proximus.be ziggo.nl kpnmail.nl planet.nl hetnet.nl home.nl xs4all.nl
  bluewin.ch aon.at chello.at telia.com bredband.net comhem.se online.no
  wp.pl o2.pl onet.pl onet.eu interia.pl gazeta.pl op.pl seznam.cz centrum.cz email.cz post.cz azet.sk
  sapo.pt terra.com.br uol.com.br bol.com.br ig.com.br globo.com
  comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net optonline.net juno.com
  shaw.ca rogers.com sympatico.ca videotron.ca bigpond.com optusnet.com.au xtra.co.nz
`);

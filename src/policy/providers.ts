import { disposableEmailBlocklistSet } from 'disposable-email-domains-js';
import { labelCount, parentDomains } from './domainName.js';

/**
 * Whether anybody can open a mailbox at this domain (or at one above it), so that it says nothing about an organisation.
 *
 * A list kept by hand: the public providers, services that pass mail on to a hidden mailbox, and the mail of internet access
 * providers where it has its own domain. Each national domain is listed, since `live.example` or `gmx.example` may be
 * another company. The lists on npm do not fit: they contain companies and places with their own mail (alibaba.com, bt.com,
 * berlin.de), or load themselves from the network when they are installed.
 */
export const isConsumerDomain = domainList(
  words(`
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
  livemail.tw msn.com passport.com windowslive.com

  yahoo.com yahoo.at yahoo.be yahoo.bg yahoo.ca yahoo.ch yahoo.cl yahoo.cn yahoo.co.id yahoo.co.il yahoo.co.in yahoo.co.jp
  yahoo.co.kr yahoo.co.nz yahoo.co.th yahoo.co.uk yahoo.co.za yahoo.com.ar yahoo.com.au yahoo.com.br yahoo.com.cn
  yahoo.com.co yahoo.com.hk yahoo.com.mx yahoo.com.my yahoo.com.pe yahoo.com.ph yahoo.com.sg yahoo.com.tr yahoo.com.tw
  yahoo.com.vn yahoo.cz yahoo.de yahoo.dk yahoo.es yahoo.fr yahoo.gr yahoo.hu yahoo.ie yahoo.in yahoo.it
  yahoo.com.ve yahoo.fi yahoo.nl yahoo.no yahoo.pl yahoo.pt yahoo.ro yahoo.se yahoo.sk ymail.com rocketmail.com myyahoo.com
  aol.com aol.co.uk aol.de aol.fr aol.it aim.com netscape.net compuserve.com compuserve.de cs.com

  icloud.com me.com mac.com
  proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tuta.com tuta.io tutamail.com keemail.me
  hushmail.com fastmail.com fastmail.fm mailfence.com posteo.de posteo.net mailbox.org startmail.com hey.com
  runbox.com disroot.org riseup.net vivaldi.net pobox.com kolabnow.com onmail.com
  zohomail.com zohomail.eu zohomail.in zoho.com mail.com email.com usa.com post.com europe.com asia.com iname.com writeme.com
  myself.com consultant.com engineer.com accountant.com lawyer.com dr.com techie.com cheerful.com contractor.net
  workmail.com programmer.net gmx.com gmx.net gmx.de gmx.at gmx.ch
  gmx.eu gmx.fr gmx.co.uk gmx.us web.de freenet.de freemail.hu inbox.com inbox.lv lycos.com rediffmail.com

  duck.com mozmail.com privaterelay.appleid.com simplelogin.com aleeas.com slmail.me addy.io anonaddy.com passmail.net

  mail.ru bk.ru inbox.ru list.ru internet.ru rambler.ru lenta.ru ro.ru autorambler.ru myrambler.ru
  yandex.com yandex.ru yandex.by yandex.kz yandex.ua yandex.com.tr ya.ru ukr.net i.ua meta.ua bigmir.net
  qq.com foxmail.com 163.com 126.com yeah.net 139.com 189.cn sina.com sina.cn sohu.com aliyun.com tom.com 188.com 21cn.com
  naver.com hanmail.net daum.net nate.com kakao.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp i.softbank.jp ybb.ne.jp
  ocn.ne.jp biglobe.ne.jp so-net.ne.jp nifty.com pchome.com.tw hinet.net netvigator.com singnet.com.sg sify.com
  walla.co.il walla.com netvision.net.il 012.net.il

  t-online.de magenta.de arcor.de vodafonemail.de 1und1.de online.de email.de mail.de unitybox.de kabelmail.de alice-dsl.net
  orange.fr wanadoo.fr free.fr sfr.fr neuf.fr laposte.net bbox.fr aliceadsl.fr club-internet.fr
  numericable.fr cegetel.net voila.fr wanadoo.es terra.es telefonica.net
  libero.it virgilio.it tiscali.it alice.it tin.it inwind.it iol.it fastwebnet.it email.it
  btinternet.com sky.com virginmedia.com talktalk.net ntlworld.com blueyonder.co.uk btopenworld.com
  talk21.com virgin.net tiscali.co.uk freeserve.co.uk lineone.net plus.com eircom.net
  telenet.be skynet.be proximus.be belgacom.net scarlet.be ziggo.nl casema.nl chello.nl upcmail.nl quicknet.nl zonnet.nl
  kpnmail.nl planet.nl hetnet.nl home.nl xs4all.nl
  bluewin.ch hispeed.ch aon.at chello.at telia.com bredband.net comhem.se spray.se swipnet.se home.se passagen.se glocalnet.net
  online.no broadpark.no mail.dk jubii.dk stofanet.dk webspeed.dk luukku.com suomi24.fi kolumbus.fi elisanet.fi saunalahti.fi
  wp.pl o2.pl onet.pl onet.eu interia.pl gazeta.pl op.pl interia.eu poczta.fm tlen.pl vp.pl
  seznam.cz centrum.cz email.cz post.cz atlas.cz volny.cz azet.sk zoznam.sk centrum.sk post.sk citromail.hu t-online.hu
  indamail.hu abv.bg mail.bg otenet.gr mail.ee hot.ee inbox.lt inbox.eu
  sapo.pt netcabo.pt clix.pt terra.com.br uol.com.br bol.com.br ig.com.br globo.com globomail.com zipmail.com.br
  fibertel.com.ar arnet.com.ar speedy.com.ar ciudad.com.ar prodigy.net.mx
  comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net optonline.net juno.com
  ameritech.net pacbell.net swbell.net prodigy.net flash.net snet.net rr.com roadrunner.com twc.com mindspring.com netzero.net
  netzero.com frontiernet.net windstream.net centurylink.net q.com embarqmail.com suddenlink.net peoplepc.com hughes.net
  shaw.ca rogers.com sympatico.ca videotron.ca bell.net telus.net cogeco.ca eastlink.ca sasktel.net bigpond.com bigpond.net.au
  optusnet.com.au iinet.net.au xtra.co.nz slingshot.co.nz paradise.net.nz webmail.co.za telkomsa.net vodamail.co.za
`),
);

/** Well-known providers that are missing in the package's list. */
const BESIDES = words(`
  33mail.com anonaddy.me burnermail.io mail-temp.com spamgourmet.com temp-mail.io tempmail.com tempmail.dev tempmail.net
  throwaway.email
`);

/**
 * Whether mailboxes of this domain (or of one above it) are thrown away after use. New ones appear every day, so this uses the
 * list that many people maintain together (github.com/disposable-email-domains), as a package: an upgrade of it brings the new
 * ones. It contains only domains, reads them from its own folder and does not use the network; loading takes 5 ms and 2 MB.
 */
export const isDisposableDomain = domainList([...disposableEmailBlocklistSet(), ...BESIDES]);

/** A list as a test: is this domain on it, or below one that is? */
function domainList(listed: Iterable<string>): (domain: string) => boolean {
  const domains = new Set(listed);
  const most = Math.max(0, ...Array.from(domains, labelCount));
  return (domain) => domains.has(domain) || parentDomains(domain, most).some((parent) => domains.has(parent));
}

/** The words of a list in this file, one domain a word. */
function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

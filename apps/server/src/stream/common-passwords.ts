/**
 * What people choose most, lower case and without what they append to it: `Welcome2024!` is `welcome`. Words of keys and
 * digits stand here as they are typed.
 */
export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(
  `
  password passwords passw0rd p@ssw0rd p@ssword pa$$word pa$$w0rd pa55word passwort passwort! kennwort geheim geheimnis
  mypassword mypass newpassword changeme changeit change-me changethis letmein letmeinnow opensesame secret topsecret
  secretpassword secret-password default guest guestguest temp temppass temporary test testing testtest test-test
  testpass testpassword tester demo demodemo admin administrator adminadmin admin123admin adminpass adminpassword
  superadmin sysadmin root rootroot rootpass toor master mastermind user username useruser welcome welcomehome willkommen
  hello hellohello helloworld hallo hallohallo hallo-welt login loginlogin access accesscode
  passport office company business computer internet server network windows microsoft google facebook linkedin youtube
  samsung apple iphone android pokemon starwars star-wars superman batman spiderman ironman matrix whatever nothing
  iloveyou iloveu iloveme loveyou lovelove lovely ichliebedich schatz schatzi liebling
  dragon monkey shadow sunshine princess princesa football fussball baseball basketball softball soccer hockey
  volleyball swimming snowboard champion liverpool arsenal chelsea barcelona realmadrid manchester juventus bayern
  borussia schalke ferrari mercedes porsche mustang corvette yamaha harley
  michael michelle jennifer jessica jordan daniel anthony charlie ashley matthew joshua andrew thomas robert william
  alexander alexandra christian christine stephanie stefanie patrick sebastian benjamin samantha elizabeth victoria
  nicholas jonathan hannah maximilian florian dennis marcel sabrina vanessa veronica
  summer winter spring autumn sommer herbst fruehling frühling january february september october november december
  januar februar oktober dezember monday friday freitag
  butterfly chocolate cheesecake pineapple strawberry blueberry banana orange cookie pumpkin snowball rainbow midnight
  elephant dolphin tiger panther phoenix eagle falcon wolf hunter ranger warrior ninja killer trustno rockyou
  metallica nirvana slipknot freedom forever eminem blessed jesus jesuschrist godisgood angel angels
  asdfasdf asdfghjk asdfghjkl asdf qwer qwert qwerty qwertyui qwertyuiop qwertz qwertzui qwertzuiop qwerqwer qwertyqwerty
  azerty azertyui azertyuiop zxcvbnm yxcvbnm zxcvbnm,./ zaq1zaq1 zaq12wsx 1qaz2wsx 1qaz2wsx3edc 1qazxsw2 qazwsx qazwsxedc
  q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1q2w3e4r5t6z qweasdzxc qweasd asd123asd abcd1234
  abcdefg abcdefgh abcdefghi abcdefghij abcabc abc abcd abcde aaaaaaaa aaaaaaaaaa xxxxxxxx zzzzzzzz qqqqqqqq a1b2c3d4
  a1b2c3d4e5 123abc123 123qweasd 123456789a 12345678a 123456789q 1234qwer 123qwe123 123qweasdzxc 12qwaszx
  12345678 123456789 1234567890 0123456789 12345678910 0987654321 987654321 9876543210 87654321 123123123 12341234
  1234512345 12344321 123454321 1234554321 123321123 123456123456 123456654321 12121212 1212121212 21212121 13131313
  11223344 1122334455 112233445566 11112222 11110000 00001111 10101010 01010101 00000000 0000000000 000000000 11111111
  111111111 1111111111 22222222 33333333 44444444 55555555 5555555555 66666666 6666666666 77777777 7777777777 88888888
  888888888 8888888888 99999999 999999999 9999999999 69696969 789456123 147258369 159753159 741852963 963852741 14725836
  31415926 20202020 19841984 19901990 20002000 25802580
  ........ ******** -------- ????????
`
    .split(/\s+/)
    .filter((word) => word !== ''),
)

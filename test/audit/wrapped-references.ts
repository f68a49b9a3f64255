export const U1 = '64b7e3f1a2c94d0012ab34cd';

/** What an order may hold that is the id of the user U1 in a wrapping. */
export const USER_WRAPPINGS: readonly string[] = [
  `"${U1}"`,
  `'${U1}'`,
  `\`${U1}\``,
  `\u201c${U1}\u201d`,
  `\u00ab${U1}\u00bb`,
  `"${U1}`,
  `${U1}"`,
  `""${U1}""`,
  `"'${U1}'"`,
  `\\"${U1}\\"`,
  ` ${U1}`,
  `${U1} `,
  `${U1}\n`,
  `\t${U1}\r\n`,
  `\u00a0${U1}\u200b`,
  `\ufeff${U1}`,
  `ObjectId("${U1}")`,
  `objectid('${U1}')`,
  `OBJECTID(${U1})`,
  `ObjectID("${U1}")`,
  `new ObjectId("${U1}")`,
  `new mongoose.Types.ObjectId('${U1}')`,
  `ObjectId( "${U1.toUpperCase()}" )`,
  `ObjectId("${U1}").toString()`,
  `ObjectId(ObjectId("${U1}"))`,
  `{"$oid":"${U1}"}`,
  `{ "$oid" : "${U1}" }`,
  `{'$oid': '${U1}'}`,
  `{$oid: ${U1}}`,
  `{"$OID":"${U1.toUpperCase()}"}`,
  `{"_id":{"$oid":"${U1}"}}`,
  `"{\\"$oid\\":\\"${U1}\\"}"`,
  `"ObjectId(\\"${U1}\\")"`,
  `["${U1}"]`,
  `(${U1})`,
  `<${U1}>`,
  `${U1},`,
];

/** What an order may hold that means U1, and that no statement corrects. */
export const USER_MENTIONS: readonly string[] = [
  `%22${U1}%22`,
  `\\u0022${U1}\\u0022`,
  `&quot;${U1}&quot;`,
  `\\x${U1}`,
  `0x${U1}`,
  `users/${U1}`,
  `DBRef("users", ObjectId("${U1}"))`,
  `64b7e3f1 a2c94d00 12ab34cd`,
];

export const O1 = '0d9c1f9e-6f39-4f6e-9d0c-5f1b6f0f5a11';

/** What a transaction may hold that is the id of the order O1 in a wrapping. */
export const ORDER_WRAPPINGS: readonly string[] = [
  `"${O1}"`,
  ` ${O1}\n`,
  `${O1}\n`,
  `{${O1}}`,
  `{${O1.toUpperCase()}}`,
  `urn:uuid:${O1}`,
  `URN:UUID:${O1.toUpperCase()}`,
  O1.replaceAll('-', ''),
  O1.replaceAll('-', '').toUpperCase(),
  `UUID("${O1}")`,
  `new UUID('${O1}')`,
  `{"$uuid":"${O1}"}`,
  `"\\"${O1}\\""`,
  `\u201c${O1}\u201d`,
  `\u00a0${O1}\u200b`,
];

// The texts that people enter in the pictures of the guides, in each language.
import { ENGLISH } from '#build/languages/languages.ts';
import { SHORT, type Texts } from './texts.ts';

const EXAMPLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  de: {
    'Meters of the north': 'Zähler Nord',
    'Field key': 'Feldschlüssel',
    'Next key': 'Nächster Schlüssel',
    'Did not arrive': 'Nicht geliefert',
    'Never arrived': 'Nie geliefert',
    'Cover is broken': 'Gehäuse beschädigt',
    'Test set, shared': 'Testset, gemeinsam',
    'Test set, diversified': 'Testset, diversifiziert',
  },
  fr: {
    'Meters of the north': 'Compteurs du nord',
    'Field key': 'Clé de terrain',
    'Next key': 'Clé suivante',
    'Did not arrive': 'Non livrée',
    'Never arrived': 'Jamais livrée',
    'Cover is broken': 'Boîtier endommagé',
    'Test set, shared': 'Lot de test, partagé',
    'Test set, diversified': 'Lot de test, diversifié',
  },
  es: {
    'Meters of the north': 'Contadores del norte',
    'Field key': 'Clave de campo',
    'Next key': 'Clave siguiente',
    'Did not arrive': 'No llegó',
    'Never arrived': 'Nunca llegó',
    'Cover is broken': 'Carcasa dañada',
    'Test set, shared': 'Conjunto de prueba, compartido',
    'Test set, diversified': 'Conjunto de prueba, diversificado',
  },
  ja: {
    'Meters of the north': '北部のメーター',
    'Field key': '現場用の鍵',
    'Next key': '次の鍵',
    'Did not arrive': '未着',
    'Never arrived': '届いていない',
    'Cover is broken': 'カバー破損',
    'Test set, shared': 'テストセット、共通',
    'Test set, diversified': 'テストセット、個別',
  },
  ar: {
    'Meters of the north': 'عدّادات الشمال',
    'Field key': 'مفتاح الميدان',
    'Next key': 'المفتاح التالي',
    'Did not arrive': 'لم تصل',
    'Never arrived': 'لم تصل قط',
    'Cover is broken': 'الغطاء مكسور',
    'Test set, shared': 'مجموعة اختبار مشتركة',
    'Test set, diversified': 'مجموعة اختبار متنوعة',
  },
};

/** Returns the texts in a language. A text without an example is the same in all languages. */
export function textsIn(language: string): Texts {
  if (language === ENGLISH) return SHORT;
  const translated = (short: string): string => EXAMPLES[language]?.[short] ?? short;
  return { ...SHORT, title: translated, reason: translated, label: translated };
}

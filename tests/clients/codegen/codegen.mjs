// The client preset is what GraphQL Code Generator recommends; documents as strings need no GraphQL library at run time.
const text = { input: 'string', output: 'string' };

export default {
  schema: '../schema.graphql',
  documents: 'operations/*.graphql',
  generates: {
    'generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        documentMode: 'string',
        enumType: 'string-literal',
        importExtension: '.ts',
        useTypeImports: true,
        // A scalar of the hub is JSON text or a JSON number; app.ts holds the running hub to what is said here.
        defaultScalarType: 'string',
        scalars: {
          Date: text,
          DateTime: text,
          PersonalId: text,
          Share: text,
          Area: { input: 'number', output: 'number' },
          Vnd: { input: 'number', output: 'number' },
        },
      },
    },
  },
};

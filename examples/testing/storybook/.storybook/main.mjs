export default {
  framework: '@storybook/html-vite',
  stories: ['../*.stories.ts'],
  core: { disableTelemetry: true },
}

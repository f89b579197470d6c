import { inflateRawSync } from 'node:zlib';

// A PDF of one empty page, titled Emma, by Jane Austen, as qpdf 11.3 saved it in ways that no writer here knows.
// Deflated, in base64.

const files = {
  /** qpdf --encrypt "" owner 256 */
  emptyPassword:
    'hVPNbhs5DL77KXjJsR1KpP4AY4CksYFiWyRI2lyCHiiJSr1wx8F4WqT7OPsi+1h7KxbjbBIvctjBHKhP5Me/TyeX5+s35m1YnPz1' +
    '95+/FgYQdvn3xXIJ3eph0mG/2Q17mI+n52erg3Eme73Rcb6BzrwNR54f9IduIULfz393KXe6BwKEK+g+/bxX6N7JJNvdHfT9Qoc6' +
    'p7JHKU+/T193IywzUqjBeRtqqUVN8thsyWqapWKaidna0LKX6igoYjEuiIuhSjNRSHroPm2mrcIyuiZBMWYqTTAJarRYrSlo2JMY' +
    'UXWO0LbEnozlRh6RoqbUSlQu/VGldFTpu933YQID3W+buodb4EOTX57afOz8JZSPQj9q3cjZ7gFuAQHBIgIhzrGXMuow/XdgM9MR' +
    'kTuuYX3Yx/VU/7Xm8a1+zBTd+a5c3OswO32E7nR1fUPQfdDhbvoKZJ8WtN5sJx1nChmqjPXZxToP3QUsrWtVOJNtEYur7DxzdJWa' +
    'OoeqLMn7xrGgRyNNUvBSY85OXNRWSqo1hhCjQ80s2SAHlVbZueakMFIP3cUKloWp2ppqSoZSlGi910CByRoKHDxGn23SihrQhMYt' +
    'kC81Sg0pmZLsrDV4w9Bd6vhtD0ty1eZCwuqiTY4tWo0Rk4/GtFJdD90V+Lnvb+unAXbX0/hy+AxLTtmVrCknjoJeWYxi4kaCktly' +
    'lCpW1TRiFBtCoqbkJdngS1FTqqVYtfiaTFBVas6lWlLxwSkXDj10n1ewDIZCaYkwRPUmca7eaRZsGrOvNeKBipl81UbVcmbnM1OO' +
    'NlB13EN3A+5IIg+jtgWCX+DzB945ctDgGTMOHm+GZ8wQvsJmYb7CXHqFMdkXbBpls9XxIMn3Q9uBfRT01W43P5mDfb35Q+cNvD+H' +
    '22XRGiwmDRZdYMOaQwiRpeU6P8jU/7/HF+hWQxl/3k/gDhn6frGfZJwO00ghLU5OVhfrxT8=',
  /** qpdf --encrypt secret owner 256 */
  password:
    'hVPNbtw2EL7vU8zFx0T8meGIgCDAjneBoAls2IkvRg5DcuhssZEMrRI4fZy+SB+rt6DQura38KGCDsOP883vx5PL880b+5ZXJ3/9' +
    '/eevlQUDY/p91XXQrB9mHfbbcdjDcjw9P1sfjDPZ641Oyw009i0feX7QH7qDFvp++ZtLudM9eDBwBc2nn/cKzTuZZTfeQd+vdChL' +
    'KneU8vT7/HWcoGNyyRNTy+QVbY6aSUh8bqklrDWKFKlJqnG5DYIOGXOSijmWKFp6aD5t551C56xzGCw5W1TVLfRCaE1W0VJyqRZT' +
    'q+g4ZMaQiiGuJYhmw54K2/6oUn9U6bvx+zCDhea3bdnDLeChyS9PbT52/kLFI+pHLVs5Gx/gFgwYcMaAN2bhXsqkw/zfgS2RjgLR' +
    'cQ2bwz6u5/KvtYxv/WMJ0ZyP+eJeh8XpIzSn6+sbD80HHe7mr+Dd04I2292s0xJChiJTeXZxFKC5gM47G3mZOlIyNfrqq2trMKIl' +
    'MKeEjCVRYJNL8taiF8OeXU1iHBluvUEy0RtkZq3RR+bAtmWbhDRH7aG5WEMXtKgNuPC9qM8+huID5sRk28yGQo4JbczkhAw6V1Fa' +
    'clEr5eptXrQGbxCaS52+7aFrq+GcYhSXYjJBSMhlxbZU54rSoo8rCEvf3zZPA2yu5+nl8Bk6X0wubRVDyZcSgnU2Yo6SWa0PQZVT' +
    'YMSSsBoMhquwIrFpI/oQS/BVakHLEsTm4BCRC3ubS46tF0c9NJ/X0CnmmhImboO4UqWm6gxLsSLiMAf1TrkkDbJo3AhjFUysjjGj' +
    'Y9NDcwN0JJGHSevKQFiZ5w8CkSeo8IxZgseb4Rmz3rzCFmG+wii+wtC7F2yeZLvT6SDJ90MdwT0K+moclydzsK+3f+iygffncNtl' +
    'G0IuTlSUvUmRfY0mFUvSRnLs+v/3+ALNesjTz/sZ6JCh71f7Wab5MI3IcXVysr7YrP4B',
  /** qpdf --linearize --object-streams=generate */
  linearized:
    'xVM/TBNRHD4aUuKFREy0xu0bKAkFfe9de23PkIZYaAArPaBBTUO8O+5dOdL2zPXUyiQOaqILS2VwIqgrOrm5uIosGh1M1JAGJ0c2' +
    'Y44aUgIGBo1vee/l/d7vff9eWB3KnGXnZDH8envlpyiDwjHmxYEBkKxd4bprL3ATDCQLJiUZyAgKiLMoGGOYAclBARlGQkmAjPt1' +
    'eSgKRSol8orpd8J/GWK8hUj+9nUOcmWSWyBZXil6c5ASIBm75HEXJFPSPT7EZx2TgzRnVXfLVfh3007pRrlSRQxEdblpz3qOCyYh' +
    'lQK5jAIYJOwIMVoxeQ0FyJCbW8tBDBSTIJOO4yHRXE/ZCxyM7nS7CUVhB4Ano0MoDMiUG3rM4hKlNCYlFEplyVKkOI1Rk+uGkTq8' +
    'Ysb3oeq5XC+LtSezhvmlqBla8lj3sjHYn+5aeicIoWNt33yrflcdxTQx0aKtqhd5FdEmuabQad3TS06xJQPJlgsHqj6FaHzXm2hs' +
    'L2xN00xNG+NCWy7Yfmdt0e3sH1l5pHYudQjke9vF/eiVlucucdPWLzi+MxQUEqWIUuo7pOour3h7oftsWnCzfSHKGfNTXnkXqhL/' +
    'A6FxSP6JW/Wg7GETnaYqnaDs68sXExu31snbvgma39hez/ZOP5heax8L9r6JbN3Ph1YjWx3dz56H+j5+Wnx/vl43N0/3ztXCjaeR' +
    'ZD30eLVhB05Z9c3VyNyrRqNn/m4+ICznz/zYJ4V0yDdI/u1vsJNv+d9FWAj0ZKyrwZ7gvfTgh2vhroeLJ4STnwPHj5Jhserprldz' +
    'uSVKLC6Gw8O5jPgL',
  /** qpdf --linearize */
  linearizedTable:
    'xVNNaxNBGI4gCkt/gofnEmhBnY/dnSQQArVJaDWa0OYWAjtm3qQrm90yO5HYk7178e6pv8B/4H/xD3j0JrJJLGMteBLfywwvzzPP' +
    '+/FMfdTtPxFP46D+5fv1jyAER/H6TdBugw3SnLRNL8lAgA0gOG+AHWOCWAoIITAFG0KB9dDgMdirCjdGU7bQ6QSUm+ol/JcI1pbm' +
    'QYgo4LsQMTYncvzKRQ35R65q7XZOhR7OWZ1mZFFN6CSfF5DgOAU7LQqHaHs/Sy8JDbCRpbdoSnFHgeyki0lbNQU3NJ81SYpQmqhF' +
    'TSWkmLdawhBJ0/k7YlrNunTauk3LPKjXe8N+EHmLHOkFlRDb2sbvLgjsSDudFQtvT7FH6KeZIwvWz7SjLs0KQ2BnCBXYgPKFO0cY' +
    'bWUt6WWw/jRLksQkyVdTuzd8cP/95yu79/j4+sNo7+PD2qOr2rdKZAfeySlP7iWZVD8r1piAg0NyjpDzyl0jbSl3v5dedePVLbyH' +
    'jorVBs1epKbEBGrDm/rM0qNKj3q4cueFxf5znRMOV6Wj/ABsnLqMsN9bLvWBR9xOGuGNuTiHiuMwxvzGNNWPuG2khoruNtLGMOE/' +
    'M4UUameLnw==',
} as const;

export function pdfOfQpdf(name: keyof typeof files): Buffer {
  return inflateRawSync(Buffer.from(files[name], 'base64'));
}

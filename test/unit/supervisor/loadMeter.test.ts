import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock, type Clock } from '../../../src/engine/system/clock.ts';
import { LoadMeter, type LoadReading } from '../../../src/engine/supervisor/load/loadMeter.ts';
import { deviceName, systemFacts } from '../../../src/engine/supervisor/load/systemFacts.ts';
import { recordedFacts, type Recorded } from '../../support/recordedFacts.ts';

const memory = `MemTotal:       16309636 kB
MemFree:          812340 kB
MemAvailable:    8154818 kB
Buffers:          204928 kB
Cached:         11183724 kB
`;

/** A line of /proc/diskstats of a disk that had something to do for so many milliseconds. */
function counts(device: string, name: string, busyMs: number): string {
  const [major = '', minor = ''] = device.split(':');
  return `${major.padStart(4)} ${minor.padStart(7)} ${name} 56512 22238 1981002 11202 4860 62124 1767136 7674 0 ${String(busyMs)} 19086 3194 50 43056 209 12 0\n`;
}

describe('the load of a machine', () => {
  let nowMs = 0;
  const clock: Clock = { ...systemClock, now: () => nowMs };

  function meterOf(recorded: Recorded, ...paths: string[]): LoadMeter {
    return new LoadMeter({ paths, clock, facts: recordedFacts(recorded), platform: 'linux' });
  }

  /** Reads twice, ten seconds apart; the counters are what they are changed to between. */
  async function readTwice(recorded: Recorded, later: string, ...paths: string[]): Promise<LoadReading> {
    const meter = meterOf(recorded, ...paths);
    const first = await meter.read();
    assert.equal(first.diskBusy, null);
    nowMs += 10_000;
    recorded.texts['/proc/diskstats'] = later;
    const second = await meter.read();
    assert.deepEqual(second.off, first.off);
    return second;
  }

  function plain(): Recorded {
    return {
      texts: {
        '/proc/meminfo': memory,
        '/proc/self/mountinfo': `24 30 0:22 / /proc rw,nosuid - proc proc rw
30 1 8:0 / / rw,relatime shared:1 - ext4 /dev/sda rw,errors=remount-ro
`,
        '/proc/diskstats': counts('7:0', 'loop0', 0) + counts('8:0', 'sda', 1000),
      },
      devices: { '/': '8:0' },
      folders: ['/tars', '/state'],
    };
  }

  describe('by its memory', () => {
    it('is what could not be had any more', async () => {
      assert.deepEqual(await meterOf(plain()).read(), { memoryUsed: 0.5, diskBusy: null, off: [] });
    });

    it('is not told where the kernel does not say, and that is told', async () => {
      const old = plain();
      old.texts['/proc/meminfo'] = memory.replace(/MemAvailable.*\n/, '');
      assert.deepEqual(await meterOf(old).read(), {
        memoryUsed: null,
        diskBusy: null,
        off: ['memory is not watched: /proc/meminfo does not say'],
      });
    });

    /** As in a container, which sees its own group as the topmost. */
    function inContainer(max: string): Recorded {
      const recorded = plain();
      Object.assign(recorded.texts, {
        '/proc/self/cgroup': '0::/\n',
        '/proc/self/mountinfo':
          '612 605 0:28 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw,nsdelegate,memory_recursiveprot\n',
        '/sys/fs/cgroup/memory.max': max,
        '/sys/fs/cgroup/memory.current': '1006632960\n',
        '/sys/fs/cgroup/memory.stat':
          'anon 700000000\nfile 300000000\ninactive_anon 5\ninactive_file 150994944\nactive_file 37748736\nslab_reclaimable 12582912\nslab 14000000\n',
      });
      return recorded;
    }

    it('is that of a container with a limit below, without what it keeps of files', async () => {
      const { memoryUsed } = await meterOf(inContainer('1073741824\n')).read();
      assert.equal(memoryUsed, (1006632960 - 150994944 - 37748736 - 12582912) / 1073741824);
    });

    it('is that of the machine where the container has no limit, or one beyond the machine', async () => {
      for (const max of ['max\n', '1073741824000\n', 'no number']) {
        assert.equal((await meterOf(inContainer(max)).read()).memoryUsed, 0.5);
      }
    });

    it('is that of the machine where that is nearer to its end', async () => {
      const recorded = inContainer('8589934592\n');
      assert.equal((await meterOf(recorded).read()).memoryUsed, 0.5);
    });

    it('is that of any group above with a limit, also one from which on it is slowed down', async () => {
      const recorded = plain();
      Object.assign(recorded.texts, {
        '/proc/self/cgroup': '0::/user.slice/user-1000.slice/session-3.scope\n',
        '/proc/self/mountinfo': '35 25 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n',
        '/sys/fs/cgroup/user.slice/memory.max': 'max\n',
        '/sys/fs/cgroup/user.slice/user-1000.slice/memory.max': 'max\n',
        '/sys/fs/cgroup/user.slice/user-1000.slice/memory.high': '4000000000\n',
        '/sys/fs/cgroup/user.slice/user-1000.slice/memory.current': '3000000000\n',
        '/sys/fs/cgroup/user.slice/user-1000.slice/session-3.scope/memory.max': 'max\n',
      });
      assert.equal((await meterOf(recorded).read()).memoryUsed, 0.75);
    });

    it('knows control groups of the first version, seen from within a container', async () => {
      const recorded = plain();
      Object.assign(recorded.texts, {
        '/proc/self/cgroup': `9:name=systemd:/docker/4fd1
4:cpu,cpuacct:/docker/4fd1
3:memory:/docker/4fd1
`,
        '/proc/self/mountinfo': `33 31 0:30 /docker/4fd1 /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 /docker/4fd1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory
`,
        '/sys/fs/cgroup/memory/memory.limit_in_bytes': '1000000000\n',
        '/sys/fs/cgroup/memory/memory.usage_in_bytes': '990000000\n',
        '/sys/fs/cgroup/memory/memory.stat':
          'cache 90000000\ninactive_file 1\ntotal_inactive_file 60000000\ntotal_active_file 30000000\n',
      });
      assert.equal((await meterOf(recorded).read()).memoryUsed, 0.9);
      recorded.texts['/sys/fs/cgroup/memory/memory.limit_in_bytes'] = '9223372036854771712\n';
      assert.equal((await meterOf(recorded).read()).memoryUsed, 0.5);
    });
  });

  describe('by its disks', () => {
    it('is the share of time in which a disk had something to do, each disk once', async () => {
      const reading = await readTwice(plain(), counts('8:0', 'sda', 8500), '/tars', '/state', '/tars');
      assert.deepEqual(reading, { memoryUsed: 0.5, diskBusy: 0.75, off: [] });
    });

    it('is never more than all, whatever the clocks say', async () => {
      const reading = await readTwice(plain(), counts('8:0', 'sda', 11_300), '/tars');
      assert.equal(reading.diskBusy, 1);
    });

    it('is not told across a counter that began anew', async () => {
      const reading = await readTwice(plain(), counts('8:0', 'sda', 3), '/tars');
      assert.deepEqual(reading, { memoryUsed: 0.5, diskBusy: null, off: [] });
    });

    it('is that of the whole disk where a path is on a partition, and of the busiest of many', async () => {
      const recorded: Recorded = {
        texts: {
          '/proc/meminfo': memory,
          '/proc/self/mountinfo': `28 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw
90 28 8:17 / /mnt/big\\040disk rw,relatime shared:40 master:2 - xfs /dev/sdb1 rw,attr2
`,
          '/proc/diskstats':
            counts('259:0', 'nvme0n1', 100) +
            counts('259:2', 'nvme0n1p2', 50) +
            counts('8:16', 'sdb', 0) +
            counts('8:17', 'sdb1', 0),
          '/sys/dev/block/259:2/partition': '2\n',
          '/sys/dev/block/259:2/../dev': '259:0\n',
          '/sys/dev/block/259:0/queue/iostats': '1\n',
          '/sys/dev/block/8:17/partition': '1\n',
          '/sys/dev/block/8:17/../dev': '8:16\n',
        },
        devices: { '/': '259:2', '/mnt/big disk': '8:17' },
        folders: ['/home', '/mnt/big disk/tars'],
      };
      const later =
        counts('259:0', 'nvme0n1', 6100) +
        counts('259:2', 'nvme0n1p2', 60) +
        counts('8:16', 'sdb', 9000) +
        counts('8:17', 'sdb1', 2);
      assert.deepEqual(await readTwice(recorded, later, '/home', '/mnt/big disk/tars/not/yet/made'), {
        memoryUsed: 0.5,
        diskBusy: 0.9,
        off: [],
      });
    });

    it('is that of an encrypted volume itself', async () => {
      const recorded: Recorded = {
        texts: {
          '/proc/meminfo': memory,
          '/proc/self/mountinfo':
            '30 1 253:0 / / rw,relatime shared:1 - ext4 /dev/mapper/luks-5b1f rw,errors=remount-ro\n',
          '/proc/diskstats': counts('8:0', 'sda', 10) + counts('253:0', 'dm-0', 500),
        },
        devices: { '/': '253:0' },
      };
      const later = counts('8:0', 'sda', 10) + counts('253:0', 'dm-0', 4500);
      assert.equal((await readTwice(recorded, later, '/')).diskBusy, 0.4);
    });

    it('is that of the disk that btrfs was mounted from', async () => {
      const recorded: Recorded = {
        texts: {
          '/proc/meminfo': memory,
          '/proc/self/mountinfo':
            '62 1 0:33 /home /home rw,relatime shared:1 - btrfs /dev/mapper/luks-77 rw,subvol=/home\n',
          '/proc/diskstats': counts('253:1', 'dm-1', 0),
          '/sys/class/block/dm-1/dev': '253:1\n',
        },
        links: { '/dev/mapper/luks-77': '/dev/dm-1' },
        devices: { '/': '0:33', '/home': '0:36' },
      };
      assert.equal((await readTwice(recorded, counts('253:1', 'dm-1', 2500), '/home/tars')).diskBusy, 0.25);
    });

    it('is not told of what has none, which is told by its path and kind', async () => {
      const recorded: Recorded = {
        texts: {
          '/proc/meminfo': memory,
          '/proc/self/mountinfo': `605 400 0:52 / / rw,relatime - overlay overlay rw,lowerdir=/l/A:/l/B,upperdir=/u,workdir=/w
606 605 0:60 / /tmp rw,nosuid - tmpfs tmpfs rw,size=65536k
607 605 0:61 / /nas rw,relatime - nfs4 nas:/export rw,vers=4.2
608 605 254:1 /var/lib/volumes/1 /data rw,relatime - ext4 /dev/vda1 rw
`,
          '/proc/diskstats': counts('254:0', 'vda', 0) + counts('254:1', 'vda1', 0),
          '/sys/dev/block/254:1/partition': '1\n',
          '/sys/dev/block/254:1/../dev': '254:0\n',
        },
        devices: { '/': '0:52', '/tmp': '0:60', '/nas': '0:61', '/data': '254:1' },
      };
      const paths = ['/x', '/tmp/tarshelf', '/nas/tars', '/data'];
      assert.deepEqual(await readTwice(recorded, counts('254:0', 'vda', 5000), ...paths), {
        memoryUsed: 0.5,
        diskBusy: 0.5,
        off: [
          'the disk of /x is not watched: its device has no statistics (overlay)',
          'the disk of /tmp/tarshelf is not watched: its device has no statistics (tmpfs)',
          'the disk of /nas/tars is not watched: its device has no statistics (nfs4)',
        ],
      });
    });

    it('is not told where its statistics are switched off or missing', async () => {
      const silent = plain();
      silent.texts['/sys/dev/block/8:0/queue/iostats'] = '0\n';
      const off = 'the disk of /tars is not watched: its device has no statistics';
      assert.deepEqual((await meterOf(silent, '/tars').read()).off, [`${off} (ext4, switched off)`]);
      const unlisted = plain();
      unlisted.texts['/proc/diskstats'] = counts('7:0', 'loop0', 0);
      assert.deepEqual((await meterOf(unlisted, '/tars').read()).off, [`${off} (device 8:0)`]);
      const mute = plain();
      delete mute.texts['/proc/diskstats'];
      assert.deepEqual((await meterOf(mute, '/tars').read()).off, [
        'disks are not watched: this system has no statistics of them that could be read',
      ]);
    });

    it('follows a disk that was unplugged and came back as another device', async () => {
      const devices = { '/': '8:0' };
      const recorded: Recorded = { ...plain(), devices };
      const meter = meterOf(recorded, '/tars');
      await meter.read();
      devices['/'] = '8:32';
      for (const [busyMs, expected] of [
        [700, null],
        [1700, 0.1],
      ] as const) {
        nowMs += 10_000;
        recorded.texts['/proc/diskstats'] = counts('8:32', 'sdc', busyMs);
        assert.deepEqual(await meter.read(), { memoryUsed: 0.5, diskBusy: expected, off: [] });
      }
    });
  });

  it('says on other systems what is not watched', async () => {
    const facts = recordedFacts({ texts: {}, devices: {} });
    const onMac = await new LoadMeter({ paths: ['/tars'], clock, facts, platform: 'darwin' }).read();
    assert.deepEqual(onMac, {
      memoryUsed: null,
      diskBusy: null,
      off: [
        'memory is not watched: this system does not say how much could be had',
        'disks are not watched: this system has no statistics of them that could be read',
      ],
    });
    const onWindows = await new LoadMeter({ paths: ['C:\\tars'], clock, facts, platform: 'win32' }).read();
    assert.ok(onWindows.memoryUsed !== null && onWindows.memoryUsed > 0 && onWindows.memoryUsed < 1);
    assert.equal(onWindows.off.length, 1);
  });

  it('is read on this machine, or it is said why not', async () => {
    const meter = new LoadMeter({
      paths: [process.cwd(), tmpdir(), '/proc'],
      clock: systemClock,
      facts: systemFacts,
    });
    await meter.read();
    await sleep(50);
    const { memoryUsed, diskBusy, off } = await meter.read();
    const isShare = (value: number): boolean => value >= 0 && value <= 1;
    assert.ok(memoryUsed === null ? off.some(line => line.startsWith('memory')) : isShare(memoryUsed));
    assert.ok(diskBusy === null ? off.some(line => line.includes('disk')) : isShare(diskBusy));
    if (process.platform === 'linux') {
      assert.ok(off.includes('the disk of /proc is not watched: its device has no statistics (proc)'));
    }
  });

  it('knows the devices of Linux by both halves of their numbers', () => {
    assert.equal(deviceName(65024n), '254:0');
    assert.equal(deviceName(0x803n), '8:3');
    assert.equal(deviceName(0x10_0302n), '3:258');
    assert.equal(deviceName(0x1000_0003_8801n), '5000:1');
  });
});

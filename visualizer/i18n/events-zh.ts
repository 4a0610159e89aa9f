/** 发生了什么：每一种事件一句中文。写法与 events-en.ts 相同。 */
import type { eventsEn } from './events-en.ts'

export const eventsZh: Record<keyof typeof eventsEn, string> = {
  'event.job-status-changed': '作业状态变为{status}[：{reason}]',
  'event.worker-registered': '{worker} 已注册，提供 {slots} 个槽位',
  'event.worker-lost': '作业主控判定 {worker} 已失联[：{reason}]',
  'event.subtask-status-changed': '{subtask}（部署编号 {attempt}，{worker}）{status}[：{reason}]',
  'event.restart-scheduled': '第 {restart} 次重启将在 {delayMs} 毫秒后开始[：{reason}]',
  'event.restart-started': '第 {restart} 次重启开始[，从检查点 {checkpoint} 恢复]',
  'event.checkpoint-triggered': '检查点 {checkpoint} 触发',
  'event.checkpoint-skipped': '跳过一次检查点[：{reason}]',
  'event.checkpoint-acknowledged': '{subtask} 确认检查点 {checkpoint}（{sizeBytes} 字节）',
  'event.checkpoint-declined': '{subtask} 拒绝检查点 {checkpoint}[：{reason}]',
  'event.checkpoint-completed':
    '检查点 {checkpoint} 完成，用时 {durationMs} 毫秒（{sizeBytes} 字节）',
  'event.checkpoint-aborted': '检查点 {checkpoint} 中止[：{reason}]',
  'event.checkpoint-subsumed': '检查点 {checkpoint} 被更新的检查点取代',
  'event.completion-received': '{subtask} 得知检查点 {checkpoint} 已完成',
  'event.abortion-received': '{subtask} 得知检查点 {checkpoint} 已中止',
  'event.barrier-injected': '{subtask} 在两条记录之间插入屏障 {checkpoint}',
  'event.barrier-sent': '屏障 {checkpoint} 发往 {channel}',
  'event.barrier-received': '屏障 {checkpoint} 到达 {channel}',
  'event.channel-blocked': '{channel} 被阻塞，直到屏障 {checkpoint} 到齐其余所有输入',
  'event.channel-unblocked': '{channel} 解除阻塞：屏障 {checkpoint} 已对齐',
  'event.snapshot-taken': '{subtask} 为检查点 {checkpoint} 拍下快照（对齐用时 {alignmentMs} 毫秒）',
  'event.snapshot-stored': '{subtask} 的检查点 {checkpoint} 快照已存妥（{sizeBytes} 字节）',
  'event.alignment-timed-out': '{subtask} 对齐太久：检查点 {checkpoint} 的屏障从此越过记录',
  'event.channel-state-captured': '{channel} 上在途的 {count} 条记录写入 {subtask} 的快照（{end}）',
  'event.checkpoint-unreadable':
    '检查点 {checkpoint} 无法读取[：{reason}][；改用检查点 {fallback}]',
  'event.changelog-appended':
    '{subtask} 为检查点 {checkpoint} 向日志追加了 {count} 处更改（{sizeBytes} 字节）',
  'event.state-materialized': '{subtask} 存下了全部状态（{sizeBytes} 字节）',
  'event.state-downloaded':
    '{subtask} 取得了检查点 {checkpoint} 的 {sizeBytes} 字节，其中 {localBytes} 字节来自本地',
  'event.channel-state-restored': '{subtask} 处理了检查点 {checkpoint} 时在途的 {count} 条记录',
  'event.master-started': '作业主节点 {epoch} 接管[；找到的最新检查点是 {checkpoint}]',
  'event.job-submitted':
    '作业以并行度 {parallelism} 再次提交[，从检查点 {checkpoint} 开始][（{location}）]',
  'event.master-crashed': '作业主节点崩溃（第 {incarnation} 次启动）',
  'event.message-lost': '从 {from} 到 {to} 的消息 {message} 丢失',
  'event.restore-started': '{subtask} 开始从检查点 {checkpoint} 还原',
  'event.state-restored':
    '{subtask} 还原了检查点 {checkpoint} 的 {keyCount} 个键（{sizeBytes} 字节）',
  'event.split-assigned': '{subtask} 从偏移量 {offset} 开始读 {topic}/{partition}',
  'event.split-restored': '{subtask} 退回 {topic}/{partition} 的偏移量 {offset}',
  'event.subtask-progressed': '{subtask} 已处理 {records} 条记录（第 {attempt} 次执行）',
  'event.split-progressed': '{subtask} 读到 {topic}/{partition} 的位移 {offset}，积压 {lag}',
  'event.split-caught-up': '{subtask} 读到 {topic}/{partition} 的末尾，偏移量 {offset}',
  'event.group-offset-committed': '消费组 {groupId} 提交了 {topic}/{partition} 的偏移量 {offset}',
  'event.transaction-opened':
    '{subtask} 打开事务 {transactionalId}（生产者 {producerId}，纪元 {producerEpoch}）',
  'event.transaction-prepared': '{subtask} 为检查点 {checkpoint} 预提交事务 {transactionalId}',
  'event.transaction-committed':
    '{subtask} 提交检查点 {checkpoint} 的事务 {transactionalId}[（{isRecommit}）]',
  'event.transaction-fenced': '{subtask} 隔离并中止事务 {transactionalId} 可能遗留的写入',
  'event.batch-appended':
    '生产者 {producerId} 向 {topic}/{partition} 追加 {count} 条记录，起始偏移量 {baseOffset}',
  'event.marker-appended':
    '{topic}/{partition} 偏移量 {offset} 处写入{result}标记；稳定到 {lastStableOffset}',
  'event.transaction-state-changed': '事务协调器：事务 {transactionalId} 进入 {state}',
  'event.producer-fenced':
    '拒绝 {transactionalId} 的生产者 {producerId} 纪元 {producerEpoch}（{request}）：已有更新的生产者',
  'event.duplicate-recognized':
    '识别出 {topic}/{partition} 偏移量 {baseOffset} 处的重复批次，没有再次追加',
  'event.worker-started': '{worker} 启动（第 {incarnation} 代进程）',
  'event.worker-crashed': '{worker} 崩溃：内存中的一切都没有了',
  'event.fault-fired': '故障 {kind} 命中 {on}[，当时处于 {phase}]',
  'event.input-finished': '输入已经全部写入',
  'event.run-ended': '运行结束[：{reason}]',
  'event.line-printed': '{subtask} 打印：{line}',
  'event.watermark-advanced': '{subtask} 的水位线：{watermark}',
  'event.buffer-sent': '{count} 条记录发往 {channel}',
  'event.buffer-received': '缓冲区 {element} 到达 {channel}；排队 {queued} 个',
  'event.records-fetched':
    '{subtask} 从 {topic}/{partition} 偏移量 {offset} 处取回 {count} 条记录；滞后 {lag}',
  'event.records-processed': '{subtask} 处理了 {count} 条记录',
  'event.state-updated': '{subtask} {operator}：{key} = {value}',
}

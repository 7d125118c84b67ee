# Chooses the slot that is begun, and counts the try: for every board with U-Boot.
#
# A slot has three tries; submixctl update prove gives them back when the system in it has proved itself. BOOT_ORDER,
# BOOT_A_LEFT and BOOT_B_LEFT are what RAUC reads and writes with fw_setenv. They have a sector of their own, the 64th,
# between the partition table and the first partition: to write one sector is done or is not done when the power goes,
# and no file system is open for writing meanwhile. /etc/fw_env.config says the same place. BOOT_TRIAL, which is the box's
# own, names a slot that was written and has not proved itself: the kernel is told with submix.trial, for which
# /usr/lib/submix/trial waits.
#
# From U-Boot come devtype and devnum, the disk of this script, and fdt_addr, the device tree of the board. A slot's own
# FAT partition has the kernel, Image, and boot.env: a line "bootargs=..." with what is not said here. What a board's
# firmware wants the kernel to be told stands in the device tree.
setenv BOOT_ORDER "A B"
setenv BOOT_A_LEFT 3
setenv BOOT_B_LEFT 3
setenv BOOT_TRIAL
setenv kept "BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT BOOT_TRIAL"
setenv scratch ${ramdisk_addr_r}
setenv keep 'env export -c -s 0x200 ${scratch} ${kept} && ${devtype} write ${scratch} 0x40 1 || echo "submix: this try is not counted: the card cannot be written"'

${devtype} dev ${devnum}
if ${devtype} read ${scratch} 0x40 1 && env import -c ${scratch} 0x200 ${kept}; then
	echo "submix: slots ${BOOT_ORDER}, tries left: A ${BOOT_A_LEFT}, B ${BOOT_B_LEFT}"
else
	echo "submix: nothing is known of the slots yet"
fi

setenv firmware
fdt addr ${fdt_addr}
fdt get value firmware /chosen bootargs

# No loop goes over the slots: those of U-Boot's shell end when a Ctrl-C comes, and none would be begun. run goes on with the
# next one when the one before has ended well.
setenv A 'setenv slot A; setenv left ${BOOT_A_LEFT}; setenv boot 2; setenv root 5; run try'
setenv B 'setenv slot B; setenv left ${BOOT_B_LEFT}; setenv boot 3; setenv root 6; run try'
setenv tried
setenv try 'if test ${left} -gt 0; then
	setenv tried yes
	setexpr left ${left} - 1
	setenv BOOT_${slot}_LEFT ${left}
	run keep
	echo "submix: slot ${slot} begins, ${left} tries are left"
	setenv bootargs
	load ${devtype} ${devnum}:${boot} ${scratch} boot.env && env import -t ${scratch} ${filesize} bootargs
	part uuid ${devtype} ${devnum}:${root} root
	setenv bootargs "${firmware} ${bootargs} root=PARTUUID=${root} rauc.slot=${slot}"
	if test "${BOOT_TRIAL}" = ${slot}; then setenv bootargs "${bootargs} submix.trial"; fi
	load ${devtype} ${devnum}:${boot} ${kernel_addr_r} Image && booti ${kernel_addr_r} - ${fdt_addr}
	echo "submix: slot ${slot} has no kernel that can be begun"
fi; true'
run ${BOOT_ORDER}

# One that was tried in vain has been counted, and may have more: only when none has, all get their tries back.
if test -z "${tried}"; then
	echo "submix: no slot has a try left; both get three more"
	setenv BOOT_A_LEFT 3
	setenv BOOT_B_LEFT 3
	# One that has never proved itself is the last to get them.
	if test "${BOOT_TRIAL}" = A; then setenv BOOT_ORDER "B A"; fi
	if test "${BOOT_TRIAL}" = B; then setenv BOOT_ORDER "A B"; fi
	run keep
fi
reset
